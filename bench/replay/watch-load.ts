/** Watchers that catch up, all beginning at once: each is done with the frame of the last event that there is. */
import { connect } from 'node:net';
import { answerJobs } from '../support/load-process.js';
import { requestHead } from '../support/raw-http.js';

export interface CatchUpJob {
  watchers: readonly { url: string; lastEventId?: string | undefined; until: string }[];
}

export interface CaughtUp {
  /** From the first connection begun until the last watcher has its last frame. */
  seconds: number;
}

await answerJobs(async ({ watchers }: CatchUpJob): Promise<CaughtUp> => {
  const start = performance.now();
  const closings = await Promise.all(
    watchers.map((one) => catchUp(new URL(one.url), one.lastEventId, one.until)),
  );
  const seconds = (performance.now() - start) / 1000;
  for (const close of closings) close();
  return { seconds };
});

/** Resolves with what ends the connection: closing it before the others are done would be load of its own. */
async function catchUp(url: URL, lastEventId: string | undefined, until: string): Promise<() => void> {
  const last = Buffer.from(`id: ${until}\n`);
  const socket = connect(Number(url.port), url.hostname);
  const headers = lastEventId === undefined ? undefined : { 'Last-Event-ID': lastEventId };
  socket.write(requestHead('GET', url, { Accept: 'text/event-stream', ...headers }));
  await new Promise<void>((resolve, reject) => {
    let end = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      const isThere =
        chunk.includes(last) || Buffer.concat([end, chunk.subarray(0, last.length)]).includes(last);
      end = chunk.subarray(-last.length);
      if (isThere) resolve();
    });
    socket.once('error', reject).once('close', () => {
      reject(new Error(`${url.href} ended before ${until}.`));
    });
  });
  return () => socket.destroy();
}
