import type { Bench, BenchOptions, Finding, Row } from './bench.js';
import { perIdleWatcher, type PerWatcher } from './memory/idle.js';
import { bytesOfToken } from './memory/token.js';
import { COLLECTS_ON_SIGNAL } from './memory/resident.js';
import { round } from './support/latencies.js';
import { createRuns } from './support/runs.js';
import { type Server, startBare, startRunstream } from './support/server.js';

const STORED_EVENTS = 100_000;

const ONE_RUN = 'Runstream, all on one run';
const OWN_RUNS = 'Runstream, each on a run of its own';
const BARE = 'bare node:http';

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
  const server: Server =
    name === BARE
      ? await startBare({ nodeArgs: COLLECTS_ON_SIGNAL })
      : await startRunstream({ nodeArgs: COLLECTS_ON_SIGNAL });
  try {
    const taken = await perIdleWatcher(server, await streamsOf(name, server, counts.at(-1)!), counts);
    counts.forEach((count, i) => say(`${name}, ${count}: ${round(taken[i]!.rss / 1024)} KiB each`));
    return taken;
  } finally {
    await server.stop();
  }
}

async function streamsOf(name: string, server: Server, count: number): Promise<string[]> {
  if (name === BARE) return Array.from({ length: count }, (_, i) => `${server.url}/${i}`);
  const runs = await createRuns(server.url, name === OWN_RUNS ? count : 1);
  return Array.from({ length: count }, (_, i) => runs[i % runs.length]!.stream);
}
