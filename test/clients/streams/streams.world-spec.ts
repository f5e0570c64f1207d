import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { report } from '../../support/report-line.js';
import { SeededRandom, seedFromEnvironment } from '../../support/seeded-random.js';
import { NODE_CLIENTS } from './clients.js';
import { Deployment } from './deployment.js';
import { proxyVersion, startProxy } from './proxies.js';
import { play, type Scenario } from './scenarios.js';

/** All of them, and all clients, are `npm run foreign-clients`. */
const SCENARIOS: readonly Scenario[] = [
  { name: 'with named events', named: true },
  { name: 'from a cursor', after: 5, resets: 1 },
  { name: 'over six resets', resets: 6 },
  { name: 'over a restart', restart: 'SIGTERM' },
];
/** It waits for seconds between two requests, and complains aloud of each. */
const drivers = NODE_CLIENTS.filter(({ name }) => !name.startsWith('event-source-polyfill'));

const nginx = proxyVersion('nginx');
if (!nginx) report('There is no nginx here: its configuration is not tried.');
const random = new SeededRandom(seedFromEnvironment());
let service: Deployment;

beforeAll(async () => {
  report(`foreign clients: SEED=${random.seed}`);
  service = await Deployment.start();
});
afterAll(() => service.stop());

async function allAreExact(scenario: Scenario): Promise<void> {
  const outcomes = await play(scenario, drivers, service, random);
  expect(outcomes).toEqual(
    drivers.map(({ name: client }) =>
      expect.objectContaining({ client, events: expect.any(Number), again: 0, resets: scenario.resets ?? 0 }),
    ),
  );
}

describe('Clients of others hold the log exactly', () => {
  it.each(SCENARIOS)('$name', allAreExact);

  (nginx ? it : it.skip)('behind nginx, as docs/proxies.md has it, over a restart', async () => {
    const { port, stop } = await startProxy('nginx', service.port);
    try {
      await allAreExact({ name: 'nginx', restart: 'SIGKILL', port });
    } finally {
      await stop();
    }
  });
});
