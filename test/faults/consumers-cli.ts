import type { RedisTopology } from '../../src/redis/index.js';
import { type FaultReport, runFaults } from './fault-run.js';
import { runRollingDeploy } from './rolling-deploy.js';

export interface ConsumersCliOptions {
  /** The first and the last seed. */
  seeds: readonly [number, number];
  seconds: number;
  events: number;
  leaseMs: number;
  /** Default: one server. */
  topology?: RedisTopology;
  /** Whether keys name the tenant. */
  tenancy: boolean;
  /** Print what workers printed. */
  output: boolean;
}

const COLUMNS = 'seed events kills poisoned stops retries dead doubles lost other seconds'.split(' ');

/** The run over consumer processes, once for each seed. True when no promise was broken. */
export async function consumersCli({ seeds, output, ...options }: ConsumersCliOptions): Promise<boolean> {
  print(COLUMNS);
  let kept = true;
  for (let seed = seeds[0]; seed <= seeds[1]; seed++) {
    const report = await runFaults({ seed, ...options });
    print(row(report));
    if (output) for (const line of report.output) process.stdout.write(`  ${line}\n`);
    for (const { broken, group, event, detail } of report.violations.slice(0, 20)) {
      process.stdout.write(`  ${broken}: ${event} in the group "${group}": ${detail}\n`);
    }
    kept &&= report.violations.length === 0;
  }
  return kept;
}

/** The rolling deploy, once for each seed. True when no promise was broken. */
export async function rollingDeployCli({
  seeds,
  ...options
}: Omit<ConsumersCliOptions, 'output' | 'topology' | 'tenancy'>): Promise<boolean> {
  print('seed events deploys kills broken'.split(' '));
  let kept = true;
  for (let seed = seeds[0]; seed <= seeds[1]; seed++) {
    const { events, deploys, kills, violations } = await runRollingDeploy({ seed, ...options });
    print([seed, events, deploys, kills, violations.length]);
    for (const { broken, group, event, detail } of violations.slice(0, 20)) {
      process.stdout.write(`  ${broken}: ${event} in the group "${group}": ${detail}\n`);
    }
    kept &&= violations.length === 0;
  }
  return kept;
}

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
