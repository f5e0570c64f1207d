import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { redisKeptBytes } from '../support/redis-info.js';

/** Data of 100 bytes, as JSON. */
const CONTENT = 'x'.repeat(100 - JSON.stringify({ content: '' }).length);

export function eventLine(type: string, key?: string): string {
  const [category, action] = type.split('.');
  return JSON.stringify({
    event: { category, action },
    source: { agent_id: 'a1' },
    ...(key !== undefined && { idempotency_key: key }),
    data: { content: CONTENT },
  });
}

/** Of the run, and of none of its agents: it has no source. */
export const END = JSON.stringify({ event: { category: 'lifecycle', action: 'completed' } });

const LINES_PER_UPLOAD = 1000;

/** Appends lines to a run, a thousand in each upload. */
export async function appendLines(url: string, lines: readonly string[]): Promise<void> {
  for (let from = 0; from < lines.length; from += LINES_PER_UPLOAD) {
    const body = `${lines.slice(from, from + LINES_PER_UPLOAD).join('\n')}\n`;
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-ndjson' },
      body,
    });
    if (!answer.ok) throw new Error(`The service answered ${answer.status}: ${await answer.text()}`);
  }
}

const LOOKS = 5;

/** What Redis keeps when the work of the moment is over: the least of some looks. */
export async function settledBytes(redis: Redis, read = redisKeptBytes): Promise<number> {
  let least = Infinity;
  for (let look = 0; look < LOOKS; look++) {
    least = Math.min(least, await read(redis));
    await delay(200);
  }
  return least;
}

/**
 * What each takes at growing sizes, all counted from the same beginning.
 *
 * @param grow makes those between two sizes
 */
export async function bytesEach(
  redis: Redis,
  sizes: readonly number[],
  grow: (from: number, to: number) => Promise<unknown>,
  read = redisKeptBytes,
): Promise<number[]> {
  const before = await settledBytes(redis, read);
  const each: number[] = [];
  let made = 0;
  for (const size of sizes) {
    await grow(made, size);
    made = size;
    each.push(((await settledBytes(redis, read)) - before) / size);
  }
  return each;
}
