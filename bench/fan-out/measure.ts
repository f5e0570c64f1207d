import { fileURLToPath } from 'node:url';
import { type Child, startScript } from '../../test/support/child.js';
import { Load } from '../support/load.js';

const WATCHERS_SCRIPT = fileURLToPath(new URL('./watchers.ts', import.meta.url));

/** Events that are posted to one place by so many publishers, each of whom waits for the answer. */
export interface Posts {
  url: string;
  body: string;
  publishers: number;
  events: number;
}

/** Many watchers of one stream, all of them connected. @param body asks with it by POST */
export async function startWatchers(url: string, count: number, body?: string): Promise<Child> {
  const child = startScript(WATCHERS_SCRIPT, [url, String(count), ...(body === undefined ? [] : [body])]);
  await child.line(/^ready$/);
  return child;
}

/** Milliseconds from the first post until all watchers together have got so many frames. */
export async function framesAll(watchers: Child, frames: number, posts: Posts): Promise<number> {
  const linesBefore = watchers.lines.length;
  watchers.process.stdin?.write(`expect ${frames}\n`);
  await lineAfter(watchers, linesBefore, /^counting$/);
  // New connections: those of the round before are at the end of their time, and may be closed under a request.
  const load = new Load();
  const startedAt = performance.timeOrigin + performance.now();
  let left = posts.events;
  await Promise.all(
    Array.from({ length: posts.publishers }, async () => {
      while (left-- > 0) await load.post(posts.url, posts.body);
    }),
  );
  const done = await lineAfter(watchers, linesBefore, /^done /);
  load.close();
  return Number(done.slice('done '.length)) - startedAt;
}

/** A line that was printed after the first `count` ones. */
async function lineAfter(child: Child, count: number, pattern: RegExp): Promise<string> {
  for (;;) {
    const line = child.lines.slice(count).find((one) => pattern.test(one));
    if (line !== undefined) return line;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
