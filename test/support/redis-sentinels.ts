import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { locateServerBinary } from '../../src/redis/embedded/server-binary.js';
import { eventually } from './eventually.js';
import { freePort, type RedisServer, startRedis } from './redis.js';

export const SENTINEL_NAME = 'runs';

/** A master, its replicas, and three Sentinels that watch them, as processes on loopback. */
export interface RedisSentinels {
  /** As REDIS_SENTINELS takes it. */
  readonly addresses: string;
  readonly servers: readonly RedisServer[];
  /** The one that the Sentinels name. */
  master(): Promise<RedisServer>;
  client(server: RedisServer): Redis;
  /** The processes of the Sentinels, in the order of their addresses. */
  readonly watchers: readonly SentinelProcess[];
  /** To a Sentinel. */
  readonly sentinel: Redis;
  stop(): Promise<void>;
}

export interface SentinelProcess {
  readonly port: number;
  /** Freezes it (SIGSTOP). */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

export interface RedisSentinelsOptions {
  /** Default 2. */
  replicas?: number;
  /** After how long a silent master is down. Default 2000. */
  downAfterMs?: number;
  args?: string[];
}

export async function startRedisSentinels({
  replicas = 2,
  downAfterMs = 2000,
  args = [],
}: RedisSentinelsOptions = {}): Promise<RedisSentinels> {
  const undo: (() => unknown)[] = [];
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const first = await startRedis({ args });
    undo.push(() => first.stop());
    const servers = [first];
    for (let n = 0; n < replicas; n++) {
      const replica = await startRedis({
        args: ['--replicaof', `127.0.0.1 ${first.port}`, '--repl-diskless-sync-delay', '0', ...args],
      });
      undo.push(() => replica.stop());
      servers.push(replica);
    }
    const watchers: SentinelProcess[] = [];
    for (let n = 0; n < 3; n++) {
      const sentinel = await startSentinel(first.port, downAfterMs);
      undo.push(() => sentinel.stop());
      watchers.push(sentinel);
    }
    const ports = watchers.map(({ port }) => port);
    const clients = new Map<number, Redis>();
    const client = (port: number): Redis => {
      let known = clients.get(port);
      if (!known) {
        known = new Redis(port, '127.0.0.1', { maxRetriesPerRequest: 0, retryStrategy: () => 100 });
        known.on('error', () => undefined);
        clients.set(port, known);
      }
      return known;
    };
    undo.push(() => clients.forEach((one) => one.disconnect()));
    const sentinel = client(ports[0] ?? 0);
    await eventually('the Sentinels know the master, its replicas and each other', async () => {
      const states = await Promise.all(
        ports.map((port) =>
          client(port)
            .call('SENTINEL', 'MASTER', SENTINEL_NAME)
            .catch(() => []),
        ),
      );
      return states.every((state) => {
        const fields = state as string[];
        const of = (name: string) => Number(fields[fields.indexOf(name) + 1]);
        return of('num-slaves') === replicas && of('num-other-sentinels') === 2;
      });
    });
    await eventually('the replicas follow', async () => {
      const infos = await Promise.all(servers.slice(1).map(({ port }) => client(port).info('replication')));
      return infos.every((info) => info.includes('master_link_status:up'));
    });
    return {
      addresses: ports.map((port) => `127.0.0.1:${port}`).join(','),
      servers,
      watchers,
      sentinel,
      client: (server) => client(server.port),
      async master() {
        const [, port] = (await sentinel.call(
          'SENTINEL',
          'GET-MASTER-ADDR-BY-NAME',
          SENTINEL_NAME,
        )) as string[];
        const found = servers.find((server) => server.port === Number(port));
        if (!found) throw new Error(`The Sentinels name a master at port ${port}, which is none of these.`);
        return found;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startSentinel(masterPort: number, downAfterMs: number): Promise<SentinelProcess> {
  const dir = await mkdtemp(join(tmpdir(), 'runstream-test-sentinel-'));
  const port = await freePort();
  const config = join(dir, 'sentinel.conf');
  // It writes what it learns into this file.
  await writeFile(
    config,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${dir}`,
      `sentinel monitor ${SENTINEL_NAME} 127.0.0.1 ${masterPort} 2`,
      `sentinel down-after-milliseconds ${SENTINEL_NAME} ${downAfterMs}`,
      `sentinel failover-timeout ${SENTINEL_NAME} ${4 * downAfterMs}`,
      `sentinel parallel-syncs ${SENTINEL_NAME} 1`,
      '',
    ].join('\n'),
  );
  const binary = await locateServerBinary();
  const child: ChildProcess = spawn(binary.command, [config, '--sentinel'], {
    env: binary.env ?? process.env,
    stdio: 'ignore',
  });
  const abandon = (): void => {
    child.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  };
  process.once('exit', abandon);
  return {
    port,
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async stop() {
      process.off('exit', abandon);
      if (child.exitCode === null && child.signalCode === null) {
        const exited = once(child, 'exit');
        child.kill('SIGKILL');
        await exited;
      }
      await rm(dir, { recursive: true, force: true });
    },
  };
}
