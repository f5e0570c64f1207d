/** Posts the same body to some URLs in turn, over kept-alive connections for a while, each one request at a time. */
import { answerJobs } from '../support/load-process.js';
import { assertOk, RawConnection, requestHead } from '../support/raw-http.js';

export interface PostJob {
  /** Of one server. */
  urls: readonly string[];
  connections: number;
  seconds: number;
  body: string;
}

export interface Posted {
  requests: number;
  seconds: number;
}

await answerJobs(async ({ urls, connections, seconds, body }: PostJob): Promise<Posted> => {
  const headers = { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(body)) };
  const targets = urls.map((url) => new URL(url));
  const sent = targets.map((target) => Buffer.from(requestHead('POST', target, headers) + body));
  const open = await Promise.all(Array.from({ length: connections }, () => RawConnection.open(targets[0]!)));
  const start = performance.now();
  const end = start + seconds * 1000;
  let requests = 0;
  await Promise.all(
    open.map(async (connection) => {
      while (performance.now() < end) {
        assertOk(await connection.send(sent[requests % sent.length]!));
        requests += 1;
      }
    }),
  );
  const took = (performance.now() - start) / 1000;
  for (const connection of open) connection.close();
  return { requests, seconds: took };
});
