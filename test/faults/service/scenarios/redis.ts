import { setTimeout as delay } from 'node:timers/promises';
import type { Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';

const AWAY_MS = 3000;
const LONG_MS = 20_000;
const TAKEN_BACK_MS = 1000;
const SAMPLE_MS = 50;

const killed: Scenario = {
  name: 'redis-killed',
  on: ['single'],
  strike: async ({ redis }, faultMs = AWAY_MS) => {
    await redis.kill();
    await delay(faultMs);
    await redis.restart();
  },
};

const emptied: Scenario = {
  name: 'redis-emptied',
  on: ['single'],
  keepsData: false,
  strike: async ({ redis }, faultMs = AWAY_MS) => {
    await redis.kill();
    await redis.wipe();
    await delay(faultMs);
    const lossUntil = Date.now();
    await redis.restart();
    return { lossUntil };
  },
};

/** As after a failover to a replica that was a second behind. */
const takenBack: Scenario = {
  name: 'redis-taken-back',
  on: ['single'],
  keepsData: false,
  strike: async ({ redis }, faultMs = 0) => {
    const samples: number[] = [];
    for (let ms = 0; ms <= TAKEN_BACK_MS; ms += SAMPLE_MS) {
      samples.push(await redis.logBytes());
      await delay(SAMPLE_MS);
    }
    await redis.kill();
    await redis.takeBack(samples[0] ?? 0);
    await delay(faultMs);
    const lossUntil = Date.now();
    await redis.restart();
    return { lossUntil };
  },
};

const frozen: Scenario = {
  name: 'redis-frozen',
  on: ['single'],
  strike: async ({ redis }, faultMs = LONG_MS) => {
    redis.pause();
    await delay(faultMs);
    redis.resume();
  },
};

const cut: Scenario = {
  name: 'redis-cut',
  on: ['single'],
  strike: async ({ redisProxies }, faultMs = LONG_MS) => {
    for (const proxy of redisProxies) proxy.refuse(true);
    await delay(faultMs);
    for (const proxy of redisProxies) proxy.refuse(false);
  },
};

const halfOpen: Scenario = {
  name: 'redis-half-open',
  on: ['single'],
  strike: async ({ redisProxies }, faultMs = LONG_MS) => {
    // One loses both directions, the other only what Redis answers.
    redisProxies.forEach((proxy, i) => {
      proxy.halfOpen(i % 2 === 0 ? 'both' : 'to-client');
    });
    await delay(faultMs);
    for (const proxy of redisProxies) proxy.halfOpen(false);
  },
};

const slow: Scenario = {
  name: 'redis-slow',
  on: ['single'],
  strike: async ({ redisProxies }, faultMs = LONG_MS, random) => {
    const until = Date.now() + faultMs;
    while (Date.now() < until) {
      for (const proxy of redisProxies) proxy.latency(random.integer(20, 400));
      await delay(Math.min(2000, Math.max(until - Date.now(), 0)));
    }
    for (const proxy of redisProxies) proxy.latency(0);
  },
};

const full: Scenario = {
  name: 'redis-full',
  on: ['single'],
  strike: async ({ admin }, faultMs = LONG_MS) => {
    await admin.config('SET', 'maxmemory', '1');
    await delay(faultMs);
    await admin.config('SET', 'maxmemory', '0');
  },
};

const readOnly: Scenario = {
  name: 'redis-read-only',
  on: ['single'],
  strike: async ({ admin }, faultMs = LONG_MS) => {
    await admin.config('SET', 'replica-read-only', 'yes');
    await admin.call('REPLICAOF', '127.0.0.1', '1');
    await delay(faultMs);
    await admin.call('REPLICAOF', 'NO', 'ONE');
  },
};

/** The connections of pub/sub alone, again and again. */
const pubsubCut: Scenario = {
  name: 'pubsub-cut',
  on: ['single'],
  strike: async (stage, faultMs = 5000, random) => {
    const until = Date.now() + faultMs;
    while (Date.now() < until) {
      if (random.next() < 0.5) await stage.admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      else cutPubSub(stage);
      await delay(random.integer(100, 1000));
    }
  },
};

function cutPubSub({ redisProxies }: Stage): void {
  for (const proxy of redisProxies) proxy.cut(({ isPubSub }) => isPubSub);
}

export const REDIS_SCENARIOS: readonly Scenario[] = [
  killed,
  emptied,
  takenBack,
  frozen,
  cut,
  halfOpen,
  slow,
  full,
  readOnly,
  pubsubCut,
];
