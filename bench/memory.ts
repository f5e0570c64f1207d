import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Bench, BenchOptions, Finding, Row } from './bench.js';
import type { Uploaded, UploadJob } from './intake/upload-load.js';
import type { IdleJob } from './memory/idle-load.js';
import { COLLECTS_ON_SIGNAL, type Resident, resident } from './memory/resident.js';
import { round } from './support/latencies.js';
import { LoadProcess } from './support/load-process.js';
import { redisDataBytes } from './support/redis-info.js';
import { createRuns } from './support/runs.js';
import { type Server, startBare, startRunstream } from './support/server.js';

/** Connected and closed again before anything is measured, so that code and pools are there. */
const WARM_UP_WATCHERS = 200;
const STORED_EVENTS = 100_000;
/** No more than a run keeps. */
const EVENTS_PER_RUN = 5000;

const ONE_RUN = 'Runstream, all on one run';
const OWN_RUNS = 'Runstream, each on a run of its own';
const BARE = 'bare node:http';

type PerWatcher = Record<'rss' | 'heapUsed', number>;

export const memory: Bench = {
  name: 'memory',
  measures:
    'resident memory of the service per idle watcher, after collecting garbage until it no longer shrinks, less what ' +
    'it was before the first watcher; a bare node:http server beside it in the same way; and bytes of Redis per ' +
    'stored event.',
  run: async (options) => {
    const counts = options.fanOutWatchers < 1000 ? [200, 600] : [1000, 3000];
    const rows: Row[] = [];
    const bare = await idle(BARE, counts, options);
    const one = await idle(ONE_RUN, counts, options);
    const own = await idle(OWN_RUNS, counts, options);
    for (const [name, taken] of [
      [BARE, bare],
      [ONE_RUN, one],
      [OWN_RUNS, own],
    ] as const) {
      counts.forEach((count, i) => {
        rows.push({
          what: name,
          count,
          'KiB resident each': round(taken[i]!.rss / 1024),
          'KiB of heap each': round(taken[i]!.heapUsed / 1024),
        });
      });
    }
    const events = options.rounds > 1 ? STORED_EVENTS : STORED_EVENTS / 10;
    for (const [name, bytes] of await storedBytes(events)) {
      options.say(`${name}: ${Math.round(bytes)} bytes per event`);
      rows.push({ what: name, count: events, 'bytes each': Math.round(bytes) });
    }
    const most = round(one.at(-1)!.rss / 1024);
    const ofBare = round(bare.at(-1)!.rss / 1024);
    return {
      rows,
      findings: [
        {
          measured: `idle watcher of one run, KiB (bare node:http: ${ofBare})`,
          value: `${most} KiB`,
          compared: most,
          bar: 20,
          aim: 14,
          atMost: true,
        } satisfies Finding,
      ],
    };
  },
};

/** What each watcher takes, for each count of watchers. */
async function idle(name: string, counts: readonly number[], { say }: BenchOptions): Promise<PerWatcher[]> {
  const most = counts.at(-1)!;
  const server: Server =
    name === BARE
      ? await startBare({ nodeArgs: COLLECTS_ON_SIGNAL })
      : await startRunstream({ nodeArgs: COLLECTS_ON_SIGNAL });
  const load = await LoadProcess.start<IdleJob, { open: number }>(
    new URL('./memory/idle-load.ts', import.meta.url),
  );
  try {
    const urls = await streamsOf(name, server, most);
    await load.ask({ kind: 'open', urls: urls.slice(0, WARM_UP_WATCHERS) });
    await load.ask({ kind: 'close' });
    // The server learns of it a moment later.
    await delay(500);
    const before = await resident(server);
    const taken: PerWatcher[] = [];
    let open = 0;
    for (const count of counts) {
      await load.ask({ kind: 'open', urls: urls.slice(open, count) });
      open = count;
      const now = await resident(server);
      const each = (of: keyof Resident): number => (now[of] - before[of]) / count;
      taken.push({ rss: each('rss'), heapUsed: each('heapUsed') });
      say(`${name}, ${count}: ${round(each('rss') / 1024)} KiB each`);
    }
    return taken;
  } finally {
    await load.stop();
    await server.stop();
  }
}

async function streamsOf(name: string, server: Server, count: number): Promise<string[]> {
  if (name === BARE) return Array.from({ length: count }, (_, i) => `${server.url}/${i}`);
  const runs = await createRuns(server.url, name === OWN_RUNS ? count : 1);
  return Array.from({ length: count }, (_, i) => runs[i % runs.length]!.stream);
}

/** Bytes of Redis's data for each of a number of small events: by type, since not every type goes to the journal. */
async function storedBytes(events: number): Promise<[string, number][]> {
  const runstream = await startRunstream();
  const redis = new Redis(runstream.redisUrl);
  const load = await LoadProcess.start<UploadJob, Uploaded>(
    new URL('./intake/upload-load.ts', import.meta.url),
  );
  const line = (category: string, action: string): string =>
    JSON.stringify({ event: { category, action }, source: { agent_id: 'a1' }, data: { content: 'hello' } });
  const bytesEach = async (write: () => Promise<unknown>): Promise<number> => {
    const before = await redisDataBytes(redis);
    await write();
    return ((await redisDataBytes(redis)) - before) / events;
  };
  const upload = async (text: string): Promise<number> => {
    const runs = await createRuns(runstream.url, Math.ceil(events / EVENTS_PER_RUN));
    const urls = runs.map((run) => run.events);
    return bytesEach(() => load.ask({ urls, lines: events / urls.length, line: text }));
  };
  const small = line('llm', 'stream');
  try {
    return [
      ['stored event, log only', await upload(small)],
      ['stored event, log and journal', await upload(line('log', 'stdout'))],
      [
        `the same ${small.length} bytes by bare XADD`,
        await bytesEach(async () => {
          for (let sent = 0; sent < events; sent += 1000) {
            const pipeline = redis.pipeline();
            for (let i = 0; i < 1000; i++) pipeline.xadd('bench:bare', '*', 'e', small);
            await pipeline.exec();
          }
        }),
      ],
    ];
  } finally {
    redis.disconnect();
    await load.stop();
    await runstream.stop();
  }
}
