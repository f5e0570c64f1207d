import type { Bench, BenchOptions, Report, Row } from './bench.js';
import { costOf, costRow } from './growth/cost.js';
import {
  bytesPerEndedRun,
  bytesPerEvent,
  bytesPerRun,
  bytesPerTenant,
  bytesPerWatcher,
} from './growth/kept.js';
import { calculatorLine, type Growth } from './growth/model.js';

/** Three of each: what does not grow with the size is the same at all three. */
interface Sizes {
  runs: readonly number[];
  events: readonly number[];
  watchers: readonly number[];
}

const FULL: Sizes = {
  runs: [1000, 4000, 16_000],
  events: [10_000, 40_000, 160_000],
  watchers: [1000, 2000, 4000],
};
const QUICK: Sizes = { runs: [200, 400, 800], events: [2000, 4000, 8000], watchers: [200, 400, 800] };

/** Redis begins a log with room for so many bytes: its own default, and what a short run needs. */
const NODE_BYTES = [4096, 1024];

export const growth: Bench = {
  name: 'growth',
  measures:
    'what one more run, event, key, tenant and watcher takes of Redis and of the service, each at three sizes; processor ' +
    'time of an event by how many come in a request and over how many runs; and both with smaller first nodes of logs.',
  run: async (options) => {
    const sizes = options.rounds > 1 ? FULL : QUICK;
    const { rows, growth: taken } = await kept(sizes, options);
    rows.push(...(await costs(options)), ...(await withNodes(sizes, options)));
    options.say(`\n${calculatorLine(taken)}\n`);
    return { rows, findings: [] } satisfies Report;
  },
};

async function kept(sizes: Sizes, { say }: BenchOptions): Promise<{ rows: Row[]; growth: Growth }> {
  const rows: Row[] = [];
  const add = (what: string, counts: readonly number[], each: readonly number[]): number => {
    counts.forEach((count, i) => rows.push({ what, count, 'bytes each': Math.round(each[i]!) }));
    const last = each.at(-1)!;
    say(`${what}: ${each.map(Math.round).join(', ')} bytes`);
    return last;
  };
  const { runs, events, watchers } = sizes;
  const run = add('run with one event', runs, await bytesPerRun(runs));
  const endedRun = add('run whose events have expired', runs, await bytesPerEndedRun(runs));
  const event = add('event, log only', events, await bytesPerEvent('log only', events));
  const journaled = add('event, with its journal entry', events, await bytesPerEvent('with journal', events));
  const keyed = add('the same, with a key', events, await bytesPerEvent('with key', events));
  const tenant = add('tenant with one run', runs, await bytesPerTenant(runs));
  const watched = await bytesPerWatcher(watchers);
  const ofRedis = watched.map((one) => one.redis);
  const subscription = add('watched run, in Redis', watchers, ofRedis);
  const ofService = watched.map((one) => one.service);
  const watcher = add('watcher, in the service', watchers, ofService);
  return {
    rows,
    growth: {
      run,
      endedRun,
      event,
      journal: journaled - event,
      key: keyed - journaled,
      tenant: tenant - run,
      subscription,
      watcher,
    },
  };
}

async function costs({ seconds, events, say }: BenchOptions): Promise<Row[]> {
  const rows: Row[] = [];
  for (const batch of [1, 10, 100, undefined]) {
    for (const runs of [1, 10, 100]) {
      const what = `${batch === undefined ? 'NDJSON' : `${batch} in a request`}, ${runs} ${runs === 1 ? 'run' : 'runs'}`;
      const row = costRow(what, await costOf({ batch, runs, seconds, events }));
      say(Object.values(row).join('  '));
      rows.push(row);
    }
  }
  return rows;
}

/** What stream-node-max-bytes saves of short runs, and what it costs those that are long. */
async function withNodes({ runs, events }: Sizes, options: BenchOptions): Promise<Row[]> {
  const { seconds, events: uploaded, say } = options;
  const rows: Row[] = [];
  for (const bytes of NODE_BYTES) {
    const redisArgs = ['--stream-node-max-bytes', String(bytes)];
    const name = `stream-node-max-bytes ${bytes}`;
    const [short, long] = [
      await bytesPerRun(runs, redisArgs),
      await bytesPerEvent('with journal', events, redisArgs),
    ];
    rows.push(
      { what: `${name}: run with one event`, count: runs.at(-1)!, 'bytes each': Math.round(short.at(-1)!) },
      {
        what: `${name}: event with its journal entry`,
        count: events.at(-1)!,
        'bytes each': Math.round(long.at(-1)!),
      },
    );
    for (const batch of [1, undefined]) {
      const cost = await costOf({ batch, runs: 10, seconds, events: uploaded, redisArgs });
      rows.push(costRow(`${name}: ${batch === undefined ? 'NDJSON' : 'single POSTs'}, 10 runs`, cost));
    }
    say(`${name}: measured`);
  }
  return rows;
}
