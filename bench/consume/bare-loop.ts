import { Redis } from 'ioredis';
import type { Drain } from './protocol.js';

const BATCH = 100;

/** What Redis and its client can do at best: read, parse, acknowledge. No attempts, no retries, no lease. */
export const bareLoop = (url: string): Drain => {
  const redis = new Redis(url);
  return async ({ name, events }, clock) => {
    await redis.xgroup('CREATE', name, 'bench', '0');
    let handled = 0;
    while (handled < events) {
      const reply = (await redis.xreadgroup(
        'GROUP',
        'bench',
        'one',
        'COUNT',
        BATCH,
        'STREAMS',
        name,
        '>',
      )) as [stream: string, entries: [id: string, fields: string[]][]][] | null;
      const entries = reply?.[0]?.[1] ?? [];
      clock.start();
      for (const [, fields] of entries) noop(JSON.parse(fields[1] ?? ''));
      await redis.xack(name, 'bench', ...entries.map(([id]) => id));
      handled += entries.length;
    }
    clock.stop();
  };
};

function noop(_event: unknown): void {
  // the handler
}
