import { parseArgs } from 'node:util';
import { consumersCli } from './consumers-cli.js';
import { scenariosCli } from './service/scenarios-cli.js';
import { scenarioNames } from './service/scenarios/index.js';

const USAGE = `npm run faults -- [--seed n | --seeds first-last] [--seconds s] [--events n] [--lease ms]

Runs three consumer processes through SIGKILL, SIGSTOP and a power cut of Redis, as the seed says, and checks that
every event was committed exactly once or dead-lettered. Default: 20000 events over 40 s, a lease of 1500 ms.

npm run faults -- --scenario <name>[,<name>...]|all [--seed n | --seeds first-last] [--runs n] [--watchers n]
                  [--rate events/s] [--steady s] [--seconds s]

Plays a fault against two instances of the service with producers, watchers and handlers on them, and checks what
each of them was promised. Default: 50 runs with 2 events/s each, 200 watchers, 5 s before the fault and after it;
--seconds is the length of the fault. Scenarios:
  ${scenarioNames().join(', ')}`;

const { values } = parseArgs({
  options: {
    scenario: { type: 'string' },
    seed: { type: 'string' },
    seeds: { type: 'string' },
    seconds: { type: 'string' },
    events: { type: 'string', default: '20000' },
    lease: { type: 'string', default: '1500' },
    runs: { type: 'string', default: '50' },
    watchers: { type: 'string', default: '200' },
    rate: { type: 'string', default: '2' },
    steady: { type: 'string', default: '5' },
    output: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(`${USAGE}\n`);
  process.exit(0);
}
// What was started ends with this process, whose handlers of `exit` see to it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

const { output } = values;
const [first = 0, last = first] = (values.seeds ?? values.seed ?? String(Date.now() % 100_000))
  .split('-')
  .map(Number);
const seeds = [first, last] as const;
const kept =
  values.scenario === undefined
    ? await consumersCli({
        seeds,
        seconds: Number(values.seconds ?? 40),
        events: Number(values.events),
        leaseMs: Number(values.lease),
        output,
      })
    : await scenariosCli(values.scenario.split(','), {
        seeds,
        runs: Number(values.runs),
        watchers: Number(values.watchers),
        eventsPerSecond: Number(values.rate),
        textBytes: 100,
        steadySeconds: Number(values.steady),
        ...(values.seconds !== undefined && { faultSeconds: Number(values.seconds) }),
        output,
      });
process.exit(kept ? 0 : 1);
