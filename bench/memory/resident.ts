import { setTimeout as delay } from 'node:timers/promises';
import type { Server } from '../support/server.js';

/** Arguments for Node with which a process collects its garbage, and says what is left, whenever it gets a SIGUSR2. */
export const COLLECTS_ON_SIGNAL = [
  '--expose-gc',
  '--import',
  `data:text/javascript,${encodeURIComponent(
    `process.on('SIGUSR2', () => { gc(); gc(); console.log('collected ' + JSON.stringify(process.memoryUsage())); });`,
  )}`,
];

export interface Resident {
  /** Resident set of the process, in bytes. */
  rss: number;
  /** What of it is live on the heap of JavaScript. */
  heapUsed: number;
}

const SETTLED_MS = 250;
const MOST_TRIES = 20;

/** Collects garbage until the resident set no longer shrinks: pages go back to the system little by little. */
export async function resident({ child }: Server): Promise<Resident> {
  let least = await collect(child);
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    await delay(SETTLED_MS);
    const now = await collect(child);
    const isSettled = now.rss > least.rss * 0.998;
    if (now.rss < least.rss) least = now;
    if (isSettled) break;
  }
  return least;
}

async function collect(child: Server['child']): Promise<Resident> {
  const seen = child.lines.length;
  child.process.kill('SIGUSR2');
  for (;;) {
    const line = child.lines.slice(seen).find((one) => one.startsWith('collected '));
    if (line !== undefined) return JSON.parse(line.slice('collected '.length)) as Resident;
    await delay(10);
  }
}
