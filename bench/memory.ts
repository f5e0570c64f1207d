import { setTimeout as delay } from 'node:timers/promises';
import type { Bench, BenchOptions, Finding, Row } from './bench.js';
import type { IdleJob } from './memory/idle-load.js';
import { bytesOfToken } from './memory/token.js';
import { COLLECTS_ON_SIGNAL, type Resident, resident } from './memory/resident.js';
import { round } from './support/latencies.js';
import { LoadProcess } from './support/load-process.js';
import { createRuns } from './support/runs.js';
import { type Server, startBare, startRunstream } from './support/server.js';

/** Connected and closed again before anything is measured, so that code and pools are there. */
const WARM_UP_WATCHERS = 200;
const STORED_EVENTS = 100_000;

const ONE_RUN = 'Runstream, all on one run';
const OWN_RUNS = 'Runstream, each on a run of its own';
const BARE = 'bare node:http';

type PerWatcher = Record<'rss' | 'heapUsed', number>;

export const memory: Bench = {
  name: 'memory',
  measures:
    'resident memory of the service per idle watcher, after collecting garbage until it no longer shrinks, less what ' +
    'it was before the first watcher; a bare node:http server beside it in the same way; and bytes of a ' +
    'token on the wire and in Redis.',
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
    const token = await bytesOfToken(events);
    for (const [name, bytes] of Object.entries<number>({ ...token })) {
      options.say(`${name}: ${Math.round(bytes)} bytes`);
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
          bar: 16,
          aim: 14,
          atMost: true,
        } satisfies Finding,
        bytesFinding("frame of a token's event", token.frame, token.frame, 300, 285),
        bytesFinding('stored, log only, against bare XADD', token.log, token.log / token.bare, 0.9, 0.8),
        bytesFinding('stored, with its journal entry', token.journaled, token.journaled / token.bare, 2, 1.9),
      ],
    };
  },
};

function bytesFinding(measured: string, bytes: number, compared: number, bar: number, aim: number): Finding {
  return { measured, value: `${Math.round(bytes)} bytes`, compared: round(compared), bar, aim, atMost: true };
}

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
