import { parseArgs } from 'node:util';
import type { RedisTopology } from '../../src/redis/index.js';
import { consumersCli, rollingDeployCli } from './consumers-cli.js';
import { scenariosCli } from './service/scenarios-cli.js';
import { scenarioNames } from './service/scenarios/index.js';
import { hostile } from './service/hostile.js';
import { slowWatchers } from './service/slow-watchers.js';
import { soak } from './service/soak.js';
import { remoteCli } from './remote/report.js';

const USAGE = `npm run faults -- [--topology sentinel|cluster] [--no-tenancy] [--seed n | --seeds first-last] [--seconds s]
                  [--events n] [--lease ms]

Runs three consumer processes through SIGKILL, SIGSTOP and a power cut of Redis, as the seed says, and checks that
every event was committed exactly once or dead-lettered. Default: 20000 events over 40 s, a lease of 1500 ms.

npm run faults -- --scenario <name>[,<name>...]|all [--topology sentinel|cluster] [--seed n | --seeds first-last] [--runs n] [--watchers n]
                  [--rate events/s] [--steady s] [--seconds s] [--assert]

Plays a fault against two instances of the service with producers, watchers and handlers on them, and checks what
each of them was promised. Default: 50 runs with 2 events/s each, 200 watchers, 5 s before the fault and after it;
--seconds is the length of the fault. --assert holds faults of masters to how soon appends and frames are to go on,
which a busy machine breaks. Scenarios:
  ${scenarioNames().join(', ')}

npm run faults -- --scenario slow-watchers [--seconds 300] [--watchers 1000] [--rate 20]
npm run faults -- --scenario hostile [--seconds 1200] [--rate 100]
npm run faults -- --scenario rolling-deploy [--seeds first-last] [--events n] [--seconds s]
npm run faults -- --scenario workers [--seeds first-last] [--events n] [--seconds s] [--lease ms]
npm run faults -- --scenario soak [--seconds 1800] [--runs 10] [--watchers 40] [--rate 2]

Each ends with 1 when a promise was broken. --output prints what processes printed.`;

const { values } = parseArgs({
  options: {
    scenario: { type: 'string' },
    topology: { type: 'string' },
    seed: { type: 'string' },
    seeds: { type: 'string' },
    seconds: { type: 'string' },
    events: { type: 'string' },
    lease: { type: 'string' },
    runs: { type: 'string' },
    watchers: { type: 'string' },
    rate: { type: 'string' },
    steady: { type: 'string' },
    'no-tenancy': { type: 'boolean', default: false },
    assert: { type: 'boolean', default: false },
    output: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
// What was started ends with this process, whose handlers of `exit` see to it: one for each process of a cluster.
process.setMaxListeners(0);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

const { output, scenario } = values;
const topology = topologyOf(values.topology);
const [first = 0, last = first] = (values.seeds ?? values.seed ?? String(Date.now() % 100_000))
  .split('-')
  .map(Number);
const given = (name: 'seconds' | 'events' | 'lease' | 'runs' | 'watchers' | 'rate' | 'steady') =>
  values[name] === undefined ? undefined : Number(values[name]);

process.exit((await main()) ? 0 : 1);

async function main(): Promise<boolean> {
  if (values.help) {
    say(USAGE);
    return true;
  }
  const [runs, watchers, eventsPerSecond, seconds] = [
    given('runs'),
    given('watchers'),
    given('rate'),
    given('seconds'),
  ];
  switch (scenario) {
    case undefined:
      return consumersCli({
        ...(topology !== 'single' && { topology }),
        seeds: [first, last],
        seconds: seconds ?? 40,
        events: given('events') ?? 20_000,
        leaseMs: given('lease') ?? 1500,
        tenancy: !values['no-tenancy'],
        output,
      });
    case 'slow-watchers':
      return slowWatchers(
        { watchers: watchers ?? 1000, seconds: seconds ?? 300, eventsPerSecond: eventsPerSecond ?? 20 },
        say,
      );
    case 'hostile':
      return hostile(
        { seconds: seconds ?? 1200, rate: eventsPerSecond ?? 100, program: 'dist/main.js' },
        say,
      );
    case 'rolling-deploy':
      return rollingDeployCli({
        seeds: [first, last],
        seconds: seconds ?? 40,
        events: given('events') ?? 10_000,
        leaseMs: given('lease') ?? 1500,
      });
    case 'workers':
      return remoteCli(
        {
          seeds: [first, last],
          seconds: seconds ?? 60,
          events: given('events') ?? 20_000,
          leaseSeconds: Math.ceil((given('lease') ?? 2000) / 1000),
          workers: 3,
        },
        say,
      );
    case 'soak':
      return soak(
        {
          seed: first,
          seconds: seconds ?? 1800,
          runs: runs ?? 10,
          watchers: watchers ?? 40,
          eventsPerSecond: eventsPerSecond ?? 2,
          textBytes: 100,
        },
        say,
      );
    default:
      return scenariosCli(scenario.split(','), {
        seeds: [first, last],
        ...(topology !== 'single' && { topology }),
        steadySeconds: given('steady') ?? 5,
        output,
        assert: values.assert,
        ...(runs !== undefined && { runs }),
        ...(watchers !== undefined && { watchers }),
        ...(eventsPerSecond !== undefined && { eventsPerSecond }),
        ...(seconds !== undefined && { faultSeconds: seconds }),
      });
  }
}

function topologyOf(name = 'single'): RedisTopology {
  if (name === 'single' || name === 'sentinel' || name === 'cluster') return name;
  say(`--topology is "${name}": it may be single, sentinel or cluster.`);
  process.exit(1);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
