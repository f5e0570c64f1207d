/**
 * `npm run bench`: runs the benches named on the command line, or all of them; each prints a table and leaves it as
 * JSON in bench/results/; at the end one table says which bars are reached. See bench/README.md.
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { adapters } from './adapters.js';
import { appendToFrame } from './append-to-frame.js';
import type { Bench, BenchOptions } from './bench.js';
import { consume } from './consume.js';
import { fanOut } from './fan-out.js';
import { growth } from './growth.js';
import { intake } from './intake.js';
import { lists } from './lists.js';
import { manyRuns } from './many-runs.js';
import { manyTenants } from './many-tenants.js';
import { memory } from './memory.js';
import { page } from './page.js';
import { replay } from './replay.js';
import { RESULTS_DIR, saveResult, table } from './support/result.js';
import { summary } from './support/summary.js';
import { workers } from './workers.js';

const BENCHES: readonly Bench[] = [
  fanOut,
  appendToFrame,
  manyRuns,
  intake,
  replay,
  consume,
  manyTenants,
  memory,
  growth,
  adapters,
  lists,
  page,
  workers,
];

type Numbers = Omit<BenchOptions, 'rate' | 'profileDir' | 'say'>;

const FULL: Numbers = {
  seconds: 10,
  warmUpSeconds: 5,
  watchers: 100,
  fanOutWatchers: 1000,
  runs: 2000,
  listRuns: 100_000,
  events: 50_000,
  rounds: 5,
};

/** Says whether everything runs, and where the numbers are about. */
const QUICK: Numbers = {
  seconds: 2,
  warmUpSeconds: 1,
  watchers: 20,
  fanOutWatchers: 200,
  runs: 200,
  listRuns: 5000,
  events: 10_000,
  rounds: 1,
};

async function main(): Promise<void> {
  const number = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: number,
      'warm-up': number,
      rate: number,
      watchers: number,
      'fan-out-watchers': number,
      runs: number,
      events: number,
      rounds: number,
      quick: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
    },
  });
  const defaults = values.quick ? QUICK : FULL;
  const options: BenchOptions = {
    seconds: positive('seconds', values.seconds) ?? defaults.seconds,
    warmUpSeconds: positive('warm-up', values['warm-up']) ?? defaults.warmUpSeconds,
    rate: positive('rate', values.rate),
    watchers: positive('watchers', values.watchers) ?? defaults.watchers,
    fanOutWatchers: positive('fan-out-watchers', values['fan-out-watchers']) ?? defaults.fanOutWatchers,
    runs: positive('runs', values.runs) ?? defaults.runs,
    listRuns: positive('runs', values.runs) ?? defaults.listRuns,
    events: positive('events', values.events) ?? defaults.events,
    rounds: positive('rounds', values.rounds) ?? defaults.rounds,
    profileDir: values.profile ? RESULTS_DIR : undefined,
    say: (line: string) => {
      console.error(line);
    },
  };
  const reports = [];
  for (const bench of chosen(positionals)) {
    console.log(`\n${bench.name}: ${bench.measures}\n`);
    const report = await bench.run(options);
    reports.push({ bench: bench.name, ...report });
    console.log(table(report.rows));
    console.error(`\nsaved as ${await saveResult(bench.name, options, report)}`);
  }
  const rows = summary(reports);
  if (rows.length === 0) return;
  const load = loadavg()
    .map((value) => value.toFixed(1))
    .join(', ');
  console.log(`\nsummary (load average of the machine at the end: ${load}):\n\n${table(rows)}`);
  console.error(`\nsaved as ${await saveResult('summary', options, { rows })}`);
}

class UsageError extends Error {}

function chosen(names: readonly string[]): readonly Bench[] {
  if (names.length === 0) return BENCHES;
  return names.map((name) => {
    const bench = BENCHES.find((candidate) => candidate.name === name);
    if (bench) return bench;
    throw new UsageError(`There is no bench "${name}". There are: ${BENCHES.map((b) => b.name).join(', ')}.`);
  });
}

function positive(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new UsageError(`--${name} must be a number above 0.`);
}

try {
  await main();
} catch (error) {
  const isUsage = error instanceof UsageError || (error instanceof TypeError && 'code' in error);
  console.error(isUsage ? error.message : error);
  process.exitCode = 1;
}
