import { rmSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RedisClient, RedisTopology } from '../../../src/redis/index.js';
import { freePort, type RedisServer, type StartRedisOptions } from '../../support/redis.js';
import { type RedisBed, startRedisBed } from '../../support/redis-bed.js';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.js';
import { compileProgram } from '../compile.js';
import type { AppConfig, InsideAck } from './app-config.js';
import { closeIdle } from './ask.js';
import { Instance } from './instance.js';
import { MemoryWatch } from './memory.js';

export interface StageOptions {
  /** Default 2. */
  instances?: number;
  /** Default: one server. */
  topology?: RedisTopology;
  /** Of the one server. */
  redis?: StartRedisOptions;
  /** What instances are told beside what the stage knows. */
  app?: Partial<AppConfig>;
}

/** Redis, instances of the service on it, and a proxy on every line between. */
export interface Stage {
  readonly bed: RedisBed;
  /** That which had the runs at the beginning. */
  readonly redis: RedisServer;
  readonly instances: readonly Instance[];
  /** Between each instance and Redis, where that is one server. */
  readonly redisProxies: readonly TcpProxy[];
  /** Before each instance. */
  readonly serviceProxies: readonly TcpProxy[];
  /** Before all of them: each connection goes to one that serves. */
  readonly front: TcpProxy;
  readonly memory: MemoryWatch;
  /** Straight to Redis, past every proxy. */
  readonly admin: RedisClient;
  /** What executors were promised so far. */
  insideAcks(): Promise<InsideAck[]>;
  /** Ends everything. May be called at any time, and again. */
  close(): Promise<void>;
}

/** A key beside all those of the stage's runs. */
export const RUNS = 'runstream:{0}:runs';
const DEFAULT_LEASE_MS = 5000;

export async function openStage({
  instances: count = 2,
  topology = 'single',
  redis: redisOptions = {},
  app = {},
}: StageOptions): Promise<Stage> {
  const undo: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    // What can't be undone must not keep the rest from it.
    for (const step of undo.splice(0).reverse()) await Promise.resolve(step()).catch(() => undefined);
  };
  try {
    const folder = await mkdtemp(join(tmpdir(), 'runstream-stage-'));
    const abandon = (): void => {
      rmSync(folder, { recursive: true, force: true });
    };
    process.once('exit', abandon);
    undo.push(() => {
      process.off('exit', abandon);
      return rm(folder, { recursive: true, force: true });
    });
    const ackFile = join(folder, 'acks.ndjson');
    const compiled = await compileProgram('test/faults/service/app.ts');
    undo.push(() => compiled.remove());
    const bed = await startRedisBed(topology, { appendOnly: true, ...redisOptions });
    undo.push(() => bed.stop());
    const redis = await bed.masterOf(RUNS);
    const proxyTo = async (target: number | (() => number | undefined)): Promise<TcpProxy> => {
      const proxy = await startTcpProxy(target);
      undo.push(() => proxy.close());
      return proxy;
    };
    const instances: Instance[] = [];
    const [redisProxies, serviceProxies]: [TcpProxy[], TcpProxy[]] = [[], []];
    for (let i = 0; i < count; i++) {
      // Those of a cluster and those behind Sentinels tell clients where they are themselves.
      const redisProxy = topology === 'single' ? await proxyTo(redis.port) : undefined;
      const config: AppConfig = {
        leaseMs: DEFAULT_LEASE_MS,
        ...app,
        name: `instance-${i}`,
        redis: redisProxy ? { url: `redis://127.0.0.1:${redisProxy.port}` } : bed.options,
        port: await freePort(),
        ackFile,
      };
      const instance = new Instance(compiled.program, config);
      undo.push(() => instance.kill());
      instances.push(instance);
      if (redisProxy) redisProxies.push(redisProxy);
      serviceProxies.push(await proxyTo(config.port));
    }
    let turn = 0;
    const front = await proxyTo(() => {
      const serving = instances.filter((instance) => instance.isServing);
      return serving[turn++ % serving.length]?.config.port;
    });
    // Together they would compete for the processor with what they wait for.
    for (const instance of instances) await instance.start();
    const memory = new MemoryWatch(instances);
    undo.push(() => {
      memory.stop();
    });
    const admin = bed.patientClient();
    undo.push(() => {
      admin.disconnect();
      closeIdle();
    });
    return {
      bed,
      redis,
      instances,
      redisProxies,
      serviceProxies,
      front,
      memory,
      admin,
      insideAcks: async () => readLines(ackFile),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function readLines(file: string): Promise<InsideAck[]> {
  const text = await readFile(file, 'utf8');
  // A process that was killed may have left half a line behind; each other is whole.
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as InsideAck];
    } catch {
      return [];
    }
  });
}

export function urlOf({ port }: { port: number }): string {
  return `http://127.0.0.1:${port}`;
}
