import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { type Child, startChild } from '../test/support/child.js';
import { createTestStore, line } from '../test/support/event-store.js';
import { startRedis } from '../test/support/redis.js';
import type { Bench, BenchOptions, Finding, Row } from './bench.js';
import type { Drained, Job } from './consume/protocol.js';
import { median, round } from './support/latencies.js';
import { redisCpuSeconds } from './support/redis-info.js';

const CONTENDER = fileURLToPath(new URL('./consume/contender.ts', import.meta.url));
const TEXT = 'The quick brown fox jumps over the lazy dog, and is gone before anybody has seen it.';
/** Events put into Redis in one step. */
const BATCH = 500;
/** Part of the events that each contender drains before the first round, uncounted. */
const WARM_UP_SHARE = 0.4;

type Name = 'runstream' | 'runstream-ordered' | 'bullmq' | 'bare-loop';
const NAMES: readonly Name[] = ['bare-loop', 'runstream', 'runstream-ordered', 'bullmq'];
/** Of the ordered contender, side by side. */
const ORDERED_RUNS = 100;

interface Measurement extends Drained {
  redisCpuSeconds: number;
}

export const consume: Bench = {
  name: 'consume',
  measures:
    'events per second that one process handles with a handler that does nothing, from the first one handed to it ' +
    'until the last is acknowledged; all events lie there before, and all three work on the same Redis in turn.',
  run: async (options) => {
    const redis = await startRedis({ appendOnly: true, appendFsync: 'everysec' });
    const contenders = new Map<Name, Child>();
    try {
      for (const name of NAMES) contenders.set(name, await start(name, redis.url, options));
      const measure = (name: Name, job: Job) => drain(contenders.get(name)!, name, job, redis.url);
      for (const name of NAMES) {
        options.say(`${name}: warming up…`);
        await measure(name, { name: 'warm-up', events: Math.ceil(options.events * WARM_UP_SHARE) });
      }
      const rounds: Record<Name, Measurement>[] = [];
      for (let n = 1; n <= options.rounds; n++) {
        // Each takes each place in turn, so that none always has the warmer or the fuller machine.
        const order = NAMES.map((_, i) => NAMES[(i + n) % NAMES.length]!);
        const round: Partial<Record<Name, Measurement>> = {};
        for (const name of order)
          round[name] = await measure(name, { name: `round-${n}`, events: options.events });
        rounds.push(round as Record<Name, Measurement>);
        const rates = NAMES.map((name) => `${name} ${Math.round(options.events / round[name]!.seconds)}/s`);
        options.say(`round ${n} of ${options.rounds}: ${rates.join(', ')}`);
      }
      return {
        rows: NAMES.map((name) => summary(name, rounds, options.events)),
        findings: findings(rounds, options.events),
      };
    } finally {
      for (const child of contenders.values()) {
        child.process.stdin?.end();
        await child.exit();
      }
      await redis.stop();
    }
  },
};

function findings(rounds: readonly Record<Name, Measurement>[], events: number): Finding[] {
  const against = (name: Name, other: Name): Pick<Finding, 'value' | 'compared'> => ({
    value: `${Math.round(median(rounds.map((one) => events / one[name].seconds)))} events/s`,
    compared: round(median(rounds.map((one) => one[other].seconds / one[name].seconds))),
  });
  return [
    { measured: 'handled events, against BullMQ', ...against('runstream', 'bullmq'), bar: 2.5, aim: 3.3 },
    {
      measured: 'handled events, against a bare loop',
      ...against('runstream', 'bare-loop'),
      bar: 0.45,
      aim: 0.6,
    },
    {
      measured: 'in order, 100 runs, against a bare loop',
      ...against('runstream-ordered', 'bare-loop'),
      bar: 0.3,
      aim: 0.45,
    },
  ];
}

function summary(name: Name, rounds: readonly Record<Name, Measurement>[], events: number): Row {
  const rate = (round: Record<Name, Measurement>, of: Name): number => events / round[of].seconds;
  const rates = rounds.map((round) => rate(round, name));
  const against = (other: Name): number =>
    round(median(rounds.map((one) => rate(one, name) / rate(one, other))));
  const perEvent = (of: (one: Measurement) => number): number =>
    round(median(rounds.map((one) => (of(one[name]) / events) * 1_000_000)));
  return {
    consumer: name,
    rounds: rounds.length,
    'events/s': Math.round(median(rates)),
    lowest: Math.round(Math.min(...rates)),
    highest: Math.round(Math.max(...rates)),
    '× BullMQ': against('bullmq'),
    '× bare loop': against('bare-loop'),
    'own CPU µs/event': perEvent(({ cpuSeconds }) => cpuSeconds),
    'Redis CPU µs/event': perEvent(({ redisCpuSeconds }) => redisCpuSeconds),
  };
}

async function start(name: Name, url: string, { profileDir }: BenchOptions): Promise<Child> {
  const profiling = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`];
  const loader = ['--import', '@swc-node/register/esm-register'];
  const child = startChild(process.execPath, [...profiling, ...loader, CONTENDER, name, url]);
  await child.line(/^ready$/);
  return child;
}

/** Puts the events there, has them drained, and leaves an empty Redis. */
async function drain(child: Child, name: Name, job: Job, url: string): Promise<Measurement> {
  const redis = new Redis(url);
  try {
    await PRELOAD[name](job, url);
    const seen = child.lines.length;
    const before = await redisCpuSeconds(redis);
    child.process.stdin?.write(`${JSON.stringify(job)}\n`);
    const answer = await answerAfter(child, seen);
    const redisCpu = (await redisCpuSeconds(redis)) - before;
    await redis.flushall();
    return { ...answer, redisCpuSeconds: redisCpu };
  } finally {
    redis.disconnect();
  }
}

async function answerAfter(child: Child, seen: number): Promise<Drained> {
  for (;;) {
    const answer = child.lines.slice(seen).find((text) => text.startsWith('drained '));
    if (answer !== undefined) return JSON.parse(answer.slice('drained '.length)) as Drained;
    if (child.process.exitCode !== null) throw new Error(`The consumer ended:\n${child.lines.join('\n')}`);
    await Promise.race([once(child.process.stdout!, 'data'), once(child.process, 'exit')]);
  }
}

/** The same event for all: about 300 bytes of JSON. */
const PRELOAD: Record<Name, (job: Job, url: string) => Promise<void>> = {
  runstream: async ({ name, events }, url) => {
    const store = await createTestStore({ url, tenant: name });
    try {
      for (let n = 0; n < events; n += BATCH) {
        const run = await store.createRun();
        const count = Math.min(BATCH, events - n);
        await store.store.append(
          name,
          run,
          Array.from({ length: count }, () => line(TEXT)),
        );
      }
    } finally {
      await store.close();
    }
  },
  'runstream-ordered': async ({ name, events }, url) => {
    const store = await createTestStore({ url, tenant: name });
    try {
      const runs: string[] = [];
      for (let n = 0; n < ORDERED_RUNS; n++) runs.push(await store.createRun());
      const page = Array.from({ length: 10 }, () => line(TEXT));
      for (let n = 0; n < events; n += page.length) {
        const run = runs[(n / page.length) % ORDERED_RUNS] ?? '';
        await store.store.append(name, run, page.slice(0, events - n));
      }
    } finally {
      await store.close();
    }
  },
  bullmq: async ({ name, events }, url) => {
    const queue = new Queue(name, { connection: { url } });
    try {
      for (let n = 0; n < events; n += BATCH) {
        const count = Math.min(BATCH, events - n);
        await queue.addBulk(Array.from({ length: count }, () => ({ name: 'log.stdout', data: EVENT })));
      }
    } finally {
      await queue.close();
    }
  },
  'bare-loop': async ({ name, events }, url) => {
    const redis = new Redis(url);
    const json = JSON.stringify(EVENT);
    try {
      for (let n = 0; n < events; n += BATCH) {
        const pipeline = redis.pipeline();
        for (let i = n; i < Math.min(n + BATCH, events); i++) pipeline.xadd(name, '*', 'e', json);
        await pipeline.exec();
      }
    } finally {
      redis.disconnect();
    }
  },
};

const EVENT = {
  id: '1795279279000-42',
  run_id: 'r0_01kbz6v2m8e7q9n4t3x5c1d2fa',
  tenant_id: 'default',
  sequence: 42,
  timestamp: '2026-11-21T17:01:19.000Z',
  event: { category: 'log', action: 'stdout' },
  source: null,
  data: { line: TEXT },
  context: { session_id: null, epic_id: null, task_id: null, git_sha: null, mode: null, artifact_paths: [] },
  metadata: {},
  idempotency_key: '1795279279000-42',
};
