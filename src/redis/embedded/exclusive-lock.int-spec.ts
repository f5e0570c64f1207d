import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Child, startScript } from '../../../test/support/child.js';
import { EmbeddedRedis } from './embedded-redis.js';
import { lockHolder, tryLock } from './exclusive-lock.js';

const HOLDER = 'test/support/lock-holder.ts';

let folder: string;
let children: Child[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runstream-lock-'));
  children = [];
});

afterEach(async () => {
  for (const child of children) child.process.kill('SIGKILL');
  await Promise.all(children.map((child) => child.exit()));
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

function startHolder(rounds = 0): Child {
  const child = startScript(HOLDER, [folder, String(rounds)]);
  children.push(child);
  return child;
}

describe('the lock of a folder', () => {
  it('T95 is held by one, and can be had again once that one has released it', async () => {
    const first = await tryLock(folder);
    expect(first).toBeDefined();
    expect(await tryLock(folder)).toBeUndefined();
    first?.release();
    const second = await tryLock(folder);
    expect(second).toBeDefined();
    second?.release();
  });

  it('T95 goes with its process, however that one dies, and says which process holds it', async () => {
    const holder = startHolder();
    await holder.line(/^locked/);
    expect(await tryLock(folder)).toBeUndefined();
    expect(await lockHolder(folder)).toBe(holder.pid);
    holder.process.kill('SIGSTOP');
    expect(await tryLock(folder)).toBeUndefined();
    expect(await lockHolder(folder)).toBe(holder.pid);
    holder.process.kill('SIGKILL');
    await holder.exit();
    const next = await tryLock(folder);
    expect(next).toBeDefined();
    expect(await lockHolder(folder)).toBe(process.pid);
    next?.release();
  });

  it('T95 is taken when its holder releases it at the moment of being asked', async () => {
    const first = await tryLock(folder);
    // The question waits in the holder's queue, and the holder goes without having read it.
    const release = (): void => {
      queueMicrotask(() => first?.release());
    };
    subscribe('net.client.socket', release);
    const second = await tryLock(folder).finally(() => unsubscribe('net.client.socket', release));
    expect(second).toBeDefined();
    expect(await tryLock(folder)).toBeUndefined();
    second?.release();
  });

  it('T95 is never held by two of many who take it, release it and die', async () => {
    // Each round checks, with a file that only one can make, that nobody else is inside.
    const six = Array.from({ length: 6 }, () => startHolder(40));
    const exits = await Promise.all(six.map((child) => child.exit()));
    expect(six.flatMap(({ lines }) => lines)).toEqual([]);
    expect(exits).toEqual(six.map(() => 0));
    expect((await readdir(join(folder, 'locks'))).length).toBeLessThan(20);
  });

  it('T95 works in a folder whose path is too long for a socket', async () => {
    const long = join(folder, 'x'.repeat(150));
    const lock = await tryLock(long).catch((error: unknown) => error);
    expect(lock).not.toBeInstanceOf(Error);
    (lock as { release(): void }).release();
  });

  it('T95 cannot be taken by somebody who may not write to the folder', async () => {
    // Any user of the machine may listen on such a name: it has no owner.
    const { dev, ino } = await stat(folder);
    const stranger = createServer().listen(`\0runstream-redis-${dev}-${ino}`);
    await once(stranger, 'listening');
    try {
      const embedded = await EmbeddedRedis.start({ dataDir: folder, startTimeoutMs: 20_000 });
      await embedded.stop();
    } finally {
      stranger.close();
    }
  });

  it('T95 the start names the process that holds the folder and gives out no leases', async () => {
    const holder = startHolder();
    await holder.line(/^locked/);
    await expect(EmbeddedRedis.start({ dataDir: folder, startTimeoutMs: 3_000 })).rejects.toThrow(
      new RegExp(`did not start: no answer in time from process ${holder.pid}, which holds ${folder}`),
    );
  });
});
