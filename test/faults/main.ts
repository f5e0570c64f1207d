import { parseArgs } from 'node:util';
import { type FaultReport, runFaults } from './fault-run.js';

const USAGE = `npm run faults -- [--seed n | --seeds first-last] [--seconds s] [--events n] [--lease ms]

Runs three consumer processes through SIGKILL, SIGSTOP and a power cut of Redis, as the seed says, and checks that
every event was committed exactly once or dead-lettered. Default: 20000 events over 40 s, a lease of 1500 ms.`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    seconds: { type: 'string', default: '40' },
    events: { type: 'string', default: '20000' },
    lease: { type: 'string', default: '1500' },
    output: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(`${USAGE}\n`);
  process.exit(0);
}

const [first = 0, last = first] = (values.seeds ?? values.seed ?? String(Date.now() % 100_000))
  .split('-')
  .map(Number);
const columns = [
  'seed',
  'events',
  'kills',
  'poisoned',
  'stops',
  'retries',
  'dead',
  'doubles',
  'lost',
  'other',
  'seconds',
];
print(columns);
let failed = false;
for (let seed = first; seed <= last; seed++) {
  const report = await runFaults({
    seed,
    seconds: Number(values.seconds),
    events: Number(values.events),
    leaseMs: Number(values.lease),
  });
  print(row(report));
  if (values.output) for (const line of report.output) process.stdout.write(`  ${line}\n`);
  for (const { broken, group, event, detail } of report.violations.slice(0, 20)) {
    process.stdout.write(`  ${broken}: ${event} in the group "${group}": ${detail}\n`);
  }
  failed ||= report.violations.length > 0;
}
process.exit(failed ? 1 : 0);

function row(report: FaultReport): (string | number)[] {
  const count = (...kinds: string[]): number =>
    report.violations.filter(({ broken }) => kinds.includes(broken)).length;
  const [doubles, lost] = [count('doubled', 'late'), count('lost')];
  const { seed, events, kills, poisoned, stops, retries, dead, seconds, violations } = report;
  const other = violations.length - doubles - lost;
  return [seed, events, kills, poisoned, stops, retries, dead, doubles, lost, other, seconds];
}

function print(cells: readonly (string | number)[]): void {
  process.stdout.write(`${cells.map((cell) => String(cell).padStart(8)).join(' ')}\n`);
}
