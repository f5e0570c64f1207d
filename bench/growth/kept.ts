import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { LoadProcess } from '../support/load-process.js';
import type { IdleJob } from '../memory/idle-load.js';
import { COLLECTS_ON_SIGNAL, resident } from '../memory/resident.js';
import { redisUsedBytes } from '../support/redis-info.js';
import { createRuns, type RunPlace } from '../support/runs.js';
import { type RunstreamServer, startRunstream, type StartServerOptions } from '../support/server.js';
import { appendLines, bytesEach, END, eventLine } from './store.js';

/** Goes to no journal, and one that does. */
const UNJOURNALED = 'llm.stream';
const JOURNALED = 'log.stdout';

/** Fewer than a run keeps. */
const EVENTS_PER_RUN = 5000;

/** Connected and closed again first, so that code and pools are there. */
const WARM_UP_WATCHERS = 200;

/** Made before anything is counted, so that what there is once is there. */
const FIRST = 20;

type On<Result> = (server: RunstreamServer, redis: Redis) => Promise<Result>;

/** On a service and a Redis of its own. */
export async function withService<Result>(options: StartServerOptions, work: On<Result>): Promise<Result> {
  const server = await startRunstream(options);
  const redis = new Redis(server.redisUrl);
  try {
    return await work(server, redis);
  } finally {
    redis.disconnect();
    await server.stop();
  }
}

export const bytesPerRun = (sizes: readonly number[], redisArgs: readonly string[] = []): Promise<number[]> =>
  withService({ redisArgs }, async (server, redis) => {
    await createRuns(server.url, FIRST);
    return bytesEach(redis, sizes, (from, to) => createRuns(server.url, to - from));
  });

/** What is left of a run that has ended, when its events have expired. */
export const bytesPerEndedRun = (sizes: readonly number[]): Promise<number[]> =>
  withService({ env: { EVENT_TTL_SECONDS: '1' } }, async (server, redis) => {
    await createRuns(server.url, FIRST);
    return bytesEach(redis, sizes, async (from, to) => {
      const logs = await keysOfLogs(redis);
      const runs = await createRuns(server.url, to - from);
      await inTurn(runs, (run) => appendLines(run.events, [END]));
      while ((await keysOfLogs(redis)) > logs) await delay(200);
    });
  });

/** Streams of runs, by what Redis says of each key. */
async function keysOfLogs(redis: Redis): Promise<number> {
  let found = 0;
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'COUNT', 1000, 'TYPE', 'stream');
    found += keys.length;
    cursor = next;
  } while (cursor !== '0');
  return found;
}

export type EventKind = 'log only' | 'with journal' | 'with key';

/** What an event takes in runs that are there; the journal's part and the key's are differences. */
export function bytesPerEvent(
  kind: EventKind,
  sizes: readonly number[],
  redisArgs: readonly string[] = [],
): Promise<number[]> {
  const type = kind === 'log only' ? UNJOURNALED : JOURNALED;
  return withService({ redisArgs }, async (server, redis) => {
    const runs = await createRuns(server.url, Math.ceil(sizes.at(-1)! / EVENTS_PER_RUN));
    // The first node of each log is there before it is full.
    for (const run of runs) await appendLines(run.events, [eventLine(type)]);
    return bytesEach(redis, sizes, async (from, to) => {
      const keyOf = (n: number) =>
        kind === 'with key' ? `producer-key-with-30-signs-${n}`.slice(-30) : undefined;
      const lines = Array.from({ length: to - from }, (_, i) => eventLine(type, keyOf(from + i)));
      const share = Math.ceil(lines.length / runs.length);
      for (const [n, run] of runs.entries())
        await appendLines(run.events, lines.slice(n * share, (n + 1) * share));
    });
  });
}

/** A run in each of so many tenants. */
export const bytesPerTenant = (sizes: readonly number[]): Promise<number[]> =>
  withService({ env: { MULTI_TENANCY_ENABLED: 'true' } }, async (server, redis) => {
    await createTenants(server.url, 'first', FIRST);
    return bytesEach(redis, sizes, (from, to) => createTenants(server.url, `from-${from}`, to - from));
  });

async function createTenants(url: string, name: string, count: number): Promise<void> {
  await inTurn(
    Array.from({ length: count }, (_, n) => `${name}-${n}`),
    async (tenant) => {
      const answer = await fetch(`${url}/runs`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'X-Tenant-ID': tenant },
        body: JSON.stringify({ task: 'bench' }),
      });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`The service answered ${answer.status}: ${text}`);
    },
  );
}

export interface PerWatcher {
  /** Of Redis, for the subscription to a run of its own. */
  redis: number;
  /** Of the service's resident memory. */
  service: number;
}

/** Watchers that get nothing, each on a run of its own. */
export function bytesPerWatcher(sizes: readonly number[]): Promise<PerWatcher[]> {
  const env = { MAX_OPEN_STREAMS: '100000', MAX_SHARE_PERCENT: '100' };
  return withService({ env, nodeArgs: COLLECTS_ON_SIGNAL }, async (server, redis) => {
    const runs = await createRuns(server.url, sizes.at(-1)!);
    const load = await LoadProcess.start<IdleJob, { open: number }>(
      new URL('../memory/idle-load.ts', import.meta.url),
    );
    const open = (places: readonly RunPlace[]) =>
      load.ask({ kind: 'open', urls: places.map((run) => run.stream) });
    try {
      await open(runs.slice(0, WARM_UP_WATCHERS));
      await load.ask({ kind: 'close' });
      await delay(1000);
      const before = await resident(server);
      const service: number[] = [];
      const each = await bytesEach(
        redis,
        sizes,
        async (from, to) => {
          await open(runs.slice(from, to));
          service.push(((await resident(server)).rss - before.rss) / to);
        },
        redisUsedBytes,
      );
      return each.map((bytes, i) => ({ redis: bytes, service: service[i]! }));
    } finally {
      await load.stop();
    }
  });
}

const AT_ONCE = 16;

async function inTurn<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const left = items.values();
  const worker = async (): Promise<void> => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
