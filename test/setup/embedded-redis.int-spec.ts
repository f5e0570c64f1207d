import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { EmbeddedRedis, type EmbeddedRedisOptions } from '../../src/redis/embedded/index.js';
import { socketPaths } from '../../src/redis/embedded/socket-paths.js';
import { bundleOf } from '../support/bundle-of.js';
import { startChild, startScript, type Child } from '../support/child.js';
import { eventually } from '../support/eventually.js';

const SERVICE = 'test/setup/embedded-service.ts';

let dataDir: string;
let services: Child[];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'runstream-embedded-'));
  services = [];
});

afterEach(async () => {
  for (const service of services) service.process.kill('SIGKILL');
  await eventually('Redis is gone', async () => !(await redisListens()));
  await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
});

function startService(counts = 0, drainMs = 0): Child {
  const service = startScript(SERVICE, [dataDir, String(counts), String(drainMs)], { group: true });
  services.push(service);
  return service;
}

/** With its guardian compiled, as it is in the service: to compile it at each start would take a second and more. */
function startEmbedded(options: EmbeddedRedisOptions): Promise<EmbeddedRedis> {
  const guardian = bundleOf(process.env['TEST_COMPILED_DIR'] ?? '', 'src/redis/embedded/guardian.main.ts');
  return EmbeddedRedis.start({ guardian, ...options });
}

async function redisListens(): Promise<boolean> {
  const socket = connect((await socketPaths(dataDir)).redis);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** What a later start finds in the files. */
async function storedCount(): Promise<number> {
  const embedded = await startEmbedded({ dataDir });
  try {
    return await useRedis(embedded.url, async (redis) => Number(await redis.get('count')));
  } finally {
    await embedded.stop();
  }
}

async function useRedis<T>(url: string, use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, { retryStrategy: () => 20 });
  redis.on('error', () => undefined);
  try {
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

async function processId(redis: Redis): Promise<number> {
  return Number(/process_id:(\d+)/.exec(await redis.info('server'))?.[1]);
}

/** The guardian is the parent of Redis. */
async function guardianOf(redisPid: number): Promise<number> {
  const ps = startChild('ps', ['-o', 'ppid=', '-p', String(redisPid)]);
  return Number(await ps.line(/\d/));
}

describe('the embedded Redis', () => {
  it('T69 starts at the same instant in one checkout share one server and lose nothing', async () => {
    const four = [startService(100), startService(100), startService(100), startService(100)];
    const servers = await Promise.all(four.map((service) => service.line(/^ready/)));
    expect(new Set(servers).size).toBe(1);
    for (const service of four) service.process.kill('SIGTERM');
    expect(await Promise.all(four.map((service) => service.exit()))).toEqual([0, 0, 0, 0]);
    expect(await redisListens()).toBe(false);
    expect(await storedCount()).toBe(400);
  });

  it('T69 elects one guardian among those who start together', async () => {
    const users = await Promise.all([1, 2, 3, 4, 5].map(() => startEmbedded({ dataDir })));
    const ids = await Promise.all(users.map(({ url }) => useRedis(url, processId)));
    expect(new Set(ids).size).toBe(1);
    // The log of an earlier start would have been put aside.
    expect(existsSync(join(dataDir, 'redis.log.old'))).toBe(false);
    await Promise.all(users.map((user) => user.stop()));
    expect(await redisListens()).toBe(false);
  });

  it('T69 stays until the last of its users has left, and is gone when that one has stopped', async () => {
    const first = startService(1);
    const server = await first.line(/^ready/);
    const second = startService(1);
    expect(await second.line(/^ready/)).toBe(server);
    first.process.kill('SIGTERM');
    await first.exit();
    const third = startService(1);
    expect(await third.line(/^ready/)).toBe(server);
    for (const service of [second, third]) service.process.kill('SIGTERM');
    await Promise.all([second.exit(), third.exit()]);
    expect(await redisListens()).toBe(false);
  });

  it('T69 Ctrl-C leaves Redis alone until the service has drained', async () => {
    const service = startService(0, 500);
    await service.line(/^ready/);
    // A terminal sends it to the whole foreground group, and an impatient user sends it again.
    process.kill(-service.pid, 'SIGINT');
    await service.line(/^draining after SIGINT/);
    const drained = await service.line(/^drained at/);
    expect(Number(drained.split(' ').at(-1))).toBeGreaterThan(10);
    expect(await service.exit()).toBe(0);
    expect(service.lines).not.toContainEqual(expect.stringContaining('ended'));
    expect(await redisListens()).toBe(false);
  });

  it('T69 does not outlive a parent that was killed', async () => {
    const service = startService(50);
    await service.line(/^ready/);
    process.kill(-service.pid, 'SIGKILL');
    await eventually('Redis is gone', async () => !(await redisListens()), 5_000);
    expect(await storedCount()).toBe(50);
  });

  it('T69 does not outlive a parent that was killed at some moment of the start', async () => {
    for (const afterMs of [0, 100, 200, 300]) {
      const service = startService();
      await service.line(/^starting/);
      await delay(afterMs);
      process.kill(-service.pid, 'SIGKILL');
      await service.exit();
    }
    // Whatever the dead have started stands in the way of nobody, and leaves with its last user.
    expect(await storedCount()).toBe(0);
    await eventually('Redis is gone', async () => !(await redisListens()), 5_000);
  });

  it('T69 goes on under another guardian when its own was killed, with one server only', async () => {
    const said: string[] = [];
    const embedded = await startEmbedded({ dataDir, log: (message) => said.push(message) });
    await useRedis(embedded.url, async (redis) => {
      await redis.set('count', 7);
      const orphan = await processId(redis);
      process.kill(await guardianOf(orphan), 'SIGKILL');
      await eventually('another server answers', async () => (await processId(redis)) !== orphan);
      expect(await redis.get('count')).toBe('7');
    });
    expect(said).toEqual(['The guardian of the embedded Redis ended; starting another one.']);
    await embedded.stop();
    expect(await redisListens()).toBe(false);
  });

  it('starts Redis again when it dies, with what it held, and says so', async () => {
    const said: string[] = [];
    const embedded = await startEmbedded({ dataDir, log: (message) => said.push(message) });
    await useRedis(embedded.url, async (redis) => {
      await redis.set('count', 8);
      const victim = await processId(redis);
      process.kill(victim, 'SIGKILL');
      await eventually('another server answers', async () => (await processId(redis)) !== victim);
      expect(await redis.get('count')).toBe('8');
    });
    await eventually('it was told', () => said.length === 2);
    expect(said[0]).toMatch(/^The embedded Redis ended \(SIGKILL\) and is started again/);
    await embedded.stop();
  });

  it('evicts nothing, keeps an append-only file and listens on no port', async () => {
    const embedded = await startEmbedded({ dataDir });
    await useRedis(embedded.url, async (redis) => {
      expect(await redis.config('GET', 'maxmemory-policy')).toContain('noeviction');
      expect(await redis.config('GET', 'appendonly')).toContain('yes');
      expect(await redis.config('GET', 'save')).toContain('');
      expect(await redis.config('GET', 'port')).toContain('0');
    });
    await embedded.stop();
  });

  it('T96 starts only in a folder that this user alone can write to', async () => {
    await chmod(dataDir, 0o777);
    await expect(startEmbedded({ dataDir })).rejects.toThrow(
      /did not start: .* can be written by other users .*must be your own/,
    );
    await chmod(dataDir, 0o700);
    if (process.getuid?.() !== 0) return; // only root can give a folder away
    await chown(dataDir, 65_534, 65_534);
    await expect(startEmbedded({ dataDir })).rejects.toThrow(/belongs to another user/);
    await chown(dataDir, 0, 0);
  });

  it('works in a folder whose path is too long for a socket', async () => {
    const embedded = await startEmbedded({ dataDir: join(dataDir, 'x'.repeat(120)) });
    expect(await useRedis(embedded.url, (redis) => redis.ping())).toBe('PONG');
    await embedded.stop();
    await rm(dirname(embedded.url), { recursive: true });
  });

  it('says what stands in its files’ way', async () => {
    const embedded = await startEmbedded({ dataDir });
    await useRedis(embedded.url, (redis) => redis.set('count', 1));
    await embedded.stop();
    await rm(join(dataDir, 'appendonlydir', 'appendonly.aof.1.base.rdb'));
    await expect(startEmbedded({ dataDir })).rejects.toThrow(
      /did not start: Redis ended while starting.*AOF/s,
    );
  });
});
