/** Reads a run's whole history: page after page over HTTP, or the same entries from Redis itself. */
import { Redis } from 'ioredis';
import { answerJobs } from '../support/load-process.js';
import { assertOk, RawConnection, requestHead } from '../support/raw-http.js';

export type PageJob =
  { kind: 'http'; url: string; limit: number } | { kind: 'redis'; key: string; limit: number };

export interface Paged {
  events: number;
  seconds: number;
}

const redis = new Redis(process.argv[2]!);

await answerJobs(async (job: PageJob): Promise<Paged> => {
  const start = performance.now();
  const events =
    job.kind === 'http' ? await readPages(job.url, job.limit) : await readStream(job.key, job.limit);
  return { events, seconds: (performance.now() - start) / 1000 };
});

async function readPages(events: string, limit: number): Promise<number> {
  const connection = await RawConnection.open(new URL(events));
  let count = 0;
  let next: string | undefined = '-';
  while (next !== undefined) {
    const url = new URL(`${events}?limit=${limit}&start_id=${encodeURIComponent(next)}`);
    const answer = await connection.send(requestHead('GET', url));
    assertOk(answer);
    const end = answer.slice(-200);
    count += Number(/"count":(\d+)/.exec(end)?.[1]);
    next = /"next_id":"([^"]+)"/.exec(end)?.[1];
  }
  connection.close();
  return count;
}

async function readStream(key: string, limit: number): Promise<number> {
  let count = 0;
  let from = '-';
  for (;;) {
    const page = await redis.xrange(key, from, '+', 'COUNT', limit);
    count += page.length;
    if (page.length < limit) return count;
    from = `(${page.at(-1)![0]}`;
  }
}
