import { setTimeout as delay } from 'node:timers/promises';
import type { Scenario } from '../scenario.js';

const EVERYWHERE = ['single', 'sentinel', 'cluster'] as const;
const AWAY_MS = 3000;
const FROZEN_MS = 10_000;
const BYTEWISE_MS = 10_000;
/** One connection in so many: more would only measure how fast the proxy is. */
const BYTEWISE_EVERY = 10;

const killed: Scenario = {
  name: 'service-killed',
  on: EVERYWHERE,
  strike: async ({ instances }, faultMs = AWAY_MS, random) => {
    const instance = instances[random.integer(0, instances.length - 1)]!;
    await instance.kill();
    await delay(faultMs);
    await instance.start();
  },
};

const frozen: Scenario = {
  name: 'service-frozen',
  on: EVERYWHERE,
  strike: async ({ instances }, faultMs = FROZEN_MS, random) => {
    const instance = instances[random.integer(0, instances.length - 1)]!;
    instance.freeze();
    await delay(faultMs);
    instance.thaw();
  },
};

const bytewise: Scenario = {
  name: 'service-bytewise',
  on: EVERYWHERE,
  strike: async ({ serviceProxies, front }, faultMs = BYTEWISE_MS) => {
    const proxies = [...serviceProxies, front];
    for (const proxy of proxies) proxy.bytewise(BYTEWISE_EVERY);
    // Who is there goes on unharmed; every tenth of those that come back is served so.
    for (const proxy of proxies) proxy.cut(({ number }) => number % 2 === 0);
    await delay(faultMs);
    for (const proxy of proxies) proxy.bytewise(0);
  },
};

/** A deploy: one instance after the other ends in order, and is started again. */
const rollingRestart: Scenario = {
  name: 'rolling-restart',
  on: EVERYWHERE,
  size: { runs: 20, watchers: 2000, eventsPerSecond: 0.5, frontOnly: true },
  strike: async ({ instances }) => {
    for (const instance of instances) {
      const code = await instance.stop();
      if (code !== 0) throw new Error(`${instance.config.name} ended with ${code}.`);
      await instance.start();
    }
  },
};

export const SERVICE_SCENARIOS: readonly Scenario[] = [killed, frozen, bytewise, rollingRestart];
