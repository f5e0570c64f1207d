/** Watchers that are connected and get nothing: opened so many at a time, and closed together. */
import type { Socket } from 'node:net';
import { answerJobs } from '../support/load-process.js';
import { connectTo, streamRequest } from '../support/raw-http.js';

export type IdleJob = { kind: 'open'; urls: readonly string[]; body?: string } | { kind: 'close' };

const AT_ONCE = 100;
const sockets: Socket[] = [];

await answerJobs(async (job: IdleJob): Promise<{ open: number }> => {
  if (job.kind === 'close') {
    for (const socket of sockets.splice(0)) socket.destroy();
  } else {
    for (let i = 0; i < job.urls.length; i += AT_ONCE) {
      sockets.push(
        ...(await Promise.all(job.urls.slice(i, i + AT_ONCE).map((url) => watch(new URL(url), job.body)))),
      );
    }
  }
  return { open: sockets.length };
});

/** Resolves when the response has begun. */
async function watch(url: URL, body?: string): Promise<Socket> {
  const socket = await connectTo(url);
  socket.on('error', (error) => {
    console.error(error);
    process.exit(1);
  });
  socket.write(streamRequest(url, body));
  await new Promise((resolve) => socket.once('data', resolve));
  return socket;
}
