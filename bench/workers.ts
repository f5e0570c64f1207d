import { Redis } from 'ioredis';
import { setTimeout as delay } from 'node:timers/promises';
import type { Bench, BenchOptions, Finding, Row } from './bench.js';
import { COLLECTS_ON_SIGNAL, resident } from './memory/resident.js';
import { median, round } from './support/latencies.js';
import { LoadProcess } from './support/load-process.js';
import { commandsSoFar, redisCpuSeconds } from './support/redis-info.js';
import { type RunstreamServer, startRunstream } from './support/server.js';
import type { BullMqJob } from './workers/bullmq.js';
import type { Place } from './workers/calls.js';
import type { Worked, WorkersJob } from './workers/load.js';
import { hasRq, rqSeconds, runstreamSeconds } from './workers/python.js';

/** Workers that wait while runs are made. */
const WAITING = [1, 10, 100];
/** Runs made per second while the way of each is measured. */
const RATE = 20;
const WAITERS = 1000;
const TENANTS = 100;
const SHARERS = 200;
const SHARED_RUNS = 2000;
const WORKERS = 10;
const RQ_WORKERS = [
  ['RQ, SimpleWorker', 'worker'],
  ['RQ, Worker', 'forking'],
] as const;
/** Of those that wait idly; the protocol's default. */
const WAIT_SECONDS = 20;

type Load = LoadProcess<WorkersJob, Worked>;

interface Scene {
  server: RunstreamServer;
  redis: Redis;
  load: Load;
  options: BenchOptions;
}

export const workers: Bench = {
  name: 'workers',
  measures:
    'workers over HTTP: from just before a run is posted until a worker that waited has it; what a thousand cost ' +
    'that wait and get nothing; how evenly runs are given out; and runs per second that ten claim, append to and ' +
    'end, beside as many workers of BullMQ on the same Redis.',
  run: async (options) => {
    const server = await startRunstream({
      profileDir: options.profileDir,
      nodeArgs: COLLECTS_ON_SIGNAL,
      env: { MULTI_TENANCY_ENABLED: 'true', MAX_WORKER_WAITS: '20000' },
    });
    const redis = new Redis(server.redisUrl);
    const load: Load = await LoadProcess.start(new URL('./workers/load.ts', import.meta.url));
    try {
      const scene = { server, redis, load, options };
      await work(scene, 'warm-up', { workers: 10, runs: 200, rate: 100 });
      const parts = [await latency(scene), await idle(scene), await fairness(scene), await throughput(scene)];
      return {
        rows: parts.flatMap(({ rows }) => rows),
        findings: parts.flatMap(({ findings }) => findings),
      };
    } finally {
      redis.disconnect();
      await load.stop();
      await server.stop();
    }
  },
};

interface Part {
  rows: Row[];
  findings: Finding[];
}

const placeOf = ({ server }: Scene, tenant: string, executor = 'work'): Place => ({
  ...{ url: server.url, tenant, executor },
});

function work(
  scene: Scene,
  tenant: string,
  how: { workers: number; runs: number; rate: number | undefined; max?: number; appends?: number },
): Promise<Worked> {
  return scene.load.ask({ kind: 'work', place: placeOf(scene, tenant), max: 1, appends: 0, ...how });
}

async function latency(scene: Scene): Promise<Part> {
  const { seconds, say } = scene.options;
  const part: Part = { rows: [], findings: [] };
  for (const count of WAITING) {
    const runs = RATE * seconds;
    const { fromSent, fromAnswered } = await work(scene, `latency-${count}`, {
      workers: count,
      runs,
      rate: RATE,
    });
    const p99 = fromSent['p99 ms'];
    say(`${count} waiting: p50 ${fromSent['p50 ms']} ms, p99 ${p99} ms`);
    const ms = { 'p50 ms': fromSent['p50 ms'], 'p99 ms': p99, 'max ms': fromSent['max ms'] };
    part.rows.push({
      ...{ what: 'a run reaches a worker', workers: count, runs, ...ms },
      'p99 ms after the answer': fromAnswered['p99 ms'],
    });
    part.findings.push({
      measured: `a run reaches one of ${count} waiting workers: p99, ms`,
      ...{ value: `${p99} ms`, compared: p99, bar: 20, aim: 10, atMost: true },
    });
  }
  return part;
}

async function idle(scene: Scene): Promise<Part> {
  const part: Part = { rows: [], findings: [] };
  const one = Array.from({ length: WAITERS }, () => placeOf(scene, 'idle'));
  const many = one.map((_, i) => placeOf(scene, `idle-${i % TENANTS}`, `work-${Math.floor(i / TENANTS)}`));
  for (const [what, places] of [
    ['wait for nothing', []],
    ['wait at one executor', one],
    [`wait at ${WAITERS} executors of ${TENANTS} tenants`, many],
  ] as const) {
    const before = await resident(scene.server);
    await scene.load.ask({ kind: 'wait', places, waitSeconds: WAIT_SECONDS });
    const used = await costOf(scene, WAIT_SECONDS * 1000);
    const each = (await resident(scene.server)).heapUsed - before.heapUsed;
    await scene.load.ask({ kind: 'wait', places: [], waitSeconds: WAIT_SECONDS });
    const kib = places.length === 0 ? '' : round(each / 1024 / places.length);
    scene.options.say(
      `${places.length} ${what}: ${used.cpu} % CPU, ${used.commands} commands/s, ${kib} KiB of heap`,
    );
    part.rows.push({
      ...{ what, workers: places.length, 'service CPU %': used.cpu, 'Redis CPU %': used.redisCpu },
      ...{ 'commands/s': used.commands, 'KiB of heap each': kib },
    });
    if (places.length > 0)
      part.findings.push({
        measured: `${places.length} workers ${what}: CPU of the service, %`,
        ...{ value: `${used.cpu} %, ${used.commands} commands/s`, compared: used.cpu },
      });
  }
  return part;
}

/** What the service and Redis do by themselves, each second. */
async function costOf({ server, redis }: Scene, ms: number) {
  const look = async () =>
    [await server.cpuSeconds(), await redisCpuSeconds(redis), await commandsSoFar(redis)] as const;
  const [cpu = 0, redisCpu, commands] = await look();
  const startedAt = performance.now();
  await delay(ms);
  const [cpuAfter = 0, redisCpuAfter, commandsAfter] = await look();
  const seconds = (performance.now() - startedAt) / 1000;
  return {
    cpu: round(((cpuAfter - cpu) / seconds) * 100),
    redisCpu: round(((redisCpuAfter - redisCpu) / seconds) * 100),
    commands: Math.round((commandsAfter - commands) / seconds),
  };
}

async function fairness(scene: Scene): Promise<Part> {
  const part: Part = { rows: [], findings: [] };
  for (const max of [1, 10]) {
    const { shares } = await work(scene, `fair-${max}`, {
      workers: SHARERS,
      runs: SHARED_RUNS,
      rate: 0,
      max,
    });
    const [least, most] = [Math.min(...shares), Math.max(...shares)];
    scene.options.say(`${SHARERS} ask for ${max}: ${least} to ${most} each`);
    part.rows.push({
      ...{ what: `${max} a claim`, workers: SHARERS, runs: SHARED_RUNS },
      ...{ 'least each': least, 'median each': median(shares), 'most each': most },
    });
    part.findings.push({
      measured: `${SHARERS} workers, ${SHARED_RUNS} runs, ${max} a claim: most of one, against an equal share`,
      ...{ value: `${least} to ${most} runs`, compared: round((most * SHARERS) / SHARED_RUNS) },
    });
  }
  return part;
}

async function throughput(scene: Scene): Promise<Part> {
  const { server, options } = scene;
  const runs = Math.max(200, Math.round(options.events / 25));
  const rates: Record<string, number[]> = {};
  const note = (name: string, seconds: number): void => {
    (rates[name] ??= []).push(runs / seconds);
    options.say(`${name}: ${Math.round(runs / seconds)} runs/s`);
  };
  const bullmq = await LoadProcess.start<BullMqJob, { seconds: number }>(
    new URL('./workers/bullmq.ts', import.meta.url),
  );
  try {
    for (let n = 0; n < options.rounds; n++) {
      for (const max of [1, 10]) {
        const how = { workers: WORKERS, runs, rate: undefined, appends: 1, max };
        note(`Runstream, ${max} a claim`, (await work(scene, `through-${max}-${n}`, how)).seconds);
      }
      const job = { redisUrl: server.redisUrl, name: `through-${n}`, workers: WORKERS, jobs: runs };
      note('BullMQ', (await bullmq.ask(job)).seconds);
      note('Python', await runstreamSeconds(placeOf(scene, `python-${n}`), WORKERS, runs));
      if (!hasRq()) continue;
      for (const [name, kind] of RQ_WORKERS)
        note(name, await rqSeconds(server.redisUrl, `${kind}-${n}`, WORKERS, runs, kind));
    }
  } finally {
    await bullmq.stop();
  }
  const of = (name: string): number => median(rates[name] ?? []);
  const rows = Object.keys(rates).map((what) => ({
    what,
    workers: WORKERS,
    runs,
    'runs/s': Math.round(of(what)),
  }));
  const finding = (name: string): Finding => ({
    measured: `${WORKERS} workers claim, append to and end runs (${name}), against BullMQ`,
    value: `${Math.round(of(name))} runs/s`,
    compared: round(of(name) / of('BullMQ')),
  });
  return {
    rows,
    findings: Object.keys(rates)
      .filter((name) => !/BullMQ|RQ/.test(name))
      .map(finding),
  };
}
