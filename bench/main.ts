/**
 * `npm run bench`: runs the benches named on the command line, or all of them; each prints a table and leaves it as
 * JSON in bench/results/. See bench/README.md.
 */
import { parseArgs } from 'node:util';
import { appendToFrame } from './append-to-frame.js';
import type { Bench } from './bench.js';
import { consume } from './consume.js';
import { fanOut } from './fan-out.js';
import { RESULTS_DIR, saveResult, table } from './support/result.js';

const BENCHES: readonly Bench[] = [appendToFrame, fanOut, consume];

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: 'string', default: '10' },
      'warm-up': { type: 'string', default: '5' },
      rate: { type: 'string', default: '1000' },
      watchers: { type: 'string', default: '100' },
      'fan-out-watchers': { type: 'string', default: '1000' },
      events: { type: 'string', default: '50000' },
      rounds: { type: 'string', default: '5' },
      profile: { type: 'boolean', default: false },
    },
  });
  const options = {
    seconds: positive('seconds', values.seconds),
    warmUpSeconds: positive('warm-up', values['warm-up']),
    rate: positive('rate', values.rate),
    watchers: positive('watchers', values.watchers),
    fanOutWatchers: positive('fan-out-watchers', values['fan-out-watchers']),
    events: positive('events', values.events),
    rounds: positive('rounds', values.rounds),
    profileDir: values.profile ? RESULTS_DIR : undefined,
    say: (line: string) => {
      console.error(line);
    },
  };
  for (const bench of chosen(positionals)) {
    console.log(`\n${bench.name}: ${bench.measures}\n`);
    const rows = await bench.run(options);
    console.log(table(rows));
    console.error(`\nsaved as ${await saveResult(bench.name, options, rows)}`);
  }
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

function positive(name: string, text: string): number {
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
