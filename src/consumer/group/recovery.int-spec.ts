import type { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from '@jest/globals';
import { consumerScenes, type ConsumerScene, TEST_LEASE_MS } from '../../../test/support/consumer-scene.js';
import { upTo } from '../../../test/support/event-store.js';
import { eventually } from '../../../test/support/eventually.js';
import { type RedisServer, startRedis } from '../../../test/support/redis.js';
import { startTcpProxy, type TcpProxy } from '../../../test/support/tcp-proxy.js';
import { SCRIPTS } from '../scripts.js';

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Makes the group, and has a consumer read entries that it then does nothing about, as one that died. */
async function readAs(scene: ConsumerScene, consumer: string, count: number): Promise<string[]> {
  const { commands, journal, group } = scene;
  await commands.xgroup('CREATE', journal, group, '0').catch(() => undefined);
  const reply = (await commands.xreadgroup(
    'GROUP',
    group,
    consumer,
    'COUNT',
    count,
    'STREAMS',
    journal,
    '>',
  )) as [string, [string, string[]][]][];
  return (reply[0]?.[1] ?? []).map(([id]) => id);
}

describe('What others have left', () => {
  const open = consumerScenes();
  const servers: RedisServer[] = [];
  const proxies: TcpProxy[] = [];
  afterEach(async () => {
    await Promise.all([
      ...proxies.splice(0).map((proxy) => proxy.close()),
      ...servers.splice(0).map((server) => server.stop()),
    ]);
  });

  it('T38 what can not be read, or is of no known type, is dead-lettered and holds up nothing', async () => {
    const scene = await open();
    const seen: string[] = [];
    await scene.append('before');
    const broken = [
      await scene.inject(['0', '0']),
      await scene.inject(['r', 'no run id', 'i', 'no event id', 't', 'log.stdout', 'e', '{']),
      await scene.inject(['r', scene.run, 'i', '1-1', 't', 'log.stdout', 'e', '"data":{"line":']),
    ];
    await scene.inject(['r', scene.run, 'i', '1-2', 't', 'nobody.knows', 'e', '"data":{}']);
    await scene.append('after');
    await scene.start((text) => void seen.push(text));
    await eventually('all are settled', () => scene.isSettled());
    expect(seen.sort()).toEqual(['after', 'before']);
    const letters = await scene.dead();
    expect(letters.map(({ entry }) => entry).sort()).toEqual([...broken].sort());
    for (const letter of letters) expect(letter['error']).toMatch(/can't be read/);
  });

  it('T38 also in an ordered group', async () => {
    const scene = await open();
    const seen: string[] = [];
    await scene.inject(['0', '0']);
    await scene.append('after');
    await scene.start((text) => void seen.push(text), { ordering: 'run' });
    await eventually('all are settled', () => scene.isSettled());
    expect(seen).toEqual(['after']);
    expect(await scene.dead()).toHaveLength(1);
  });

  it.each(['none', 'run'] as const)(
    'T39 an entry whose body was trimmed is dead-lettered when it is claimed, ordering: %s',
    async (ordering) => {
      const scene = await open();
      await scene.append('a', 'b', 'c');
      await readAs(scene, 'gone', 10);
      const trimmed = await scene.entryOf('b');
      await scene.commands.xdel(scene.journal, trimmed);
      await wait(TEST_LEASE_MS * 1.2);
      const seen: string[] = [];
      const { runner } = await scene.start((text) => void seen.push(text), { ordering });
      await eventually('all are settled', () => scene.isSettled());
      expect(seen.sort()).toEqual(['a', 'c']);
      expect(await scene.dead()).toMatchObject([{ entry: trimmed }]);
      await eventually('it is counted', () => runner.running[0]?.recovery.last.processed === 2);
      // The run's first event is of no interest to the handler.
      expect(runner.running[0]?.recovery.last).toEqual({ claimed: 4, processed: 2, skipped: 1, failed: 1 });
    },
  );

  it('T40 entries that are busy at the head of the pending list do not starve those behind them', async () => {
    const scene = await open();
    await scene.append(...upTo(400).map(String));
    const busy = await readAs(scene, 'alive', 300);
    await readAs(scene, 'gone', 200);
    const beat = async (): Promise<void> => {
      const commands = scene.commands as Redis;
      await commands.xclaim(scene.journal, scene.group, 'alive', 0, ...busy, 'JUSTID');
    };
    const beating = setInterval(() => void beat(), TEST_LEASE_MS / 5);
    try {
      await wait(TEST_LEASE_MS * 1.2);
      const seen: number[] = [];
      await scene.start((text) => void seen.push(Number(text)));
      await eventually('what was left is handled', () => seen.length === 101);
      // Entry 1 is that of the run's start: of the first 300 entries 299 are lines.
      expect(seen.sort((a, b) => a - b)).toEqual(upTo(400, 300));
      await eventually('and settled', async () => (await scene.pending()).length === busy.length);
      expect((await scene.pending()).map(({ id }) => id)).toEqual(busy);
    } finally {
      clearInterval(beating);
    }
  });

  it('T40 nor do retries that wait for long', async () => {
    const scene = await open();
    await scene.append(...upTo(500).map(String));
    const waiting = await readAs(scene, 'gone', 201);
    const { delayed } = scene.keys.state('journal');
    await scene.commands.zadd(delayed, ...waiting.flatMap((id) => [Date.now() + 3_600_000, id]));
    await readAs(scene, 'gone', 300);
    await wait(TEST_LEASE_MS * 1.2);
    const seen: number[] = [];
    let most = 0;
    const { runner } = await scene.start(
      (text) => {
        seen.push(Number(text));
        most = Math.max(most, runner.running[0]?.deliverer.inHand.size ?? 0);
      },
      { concurrency: 10, batchSize: 10 },
    );
    await eventually('what was left is handled', () => seen.length === 300);
    expect(seen.sort((a, b) => a - b)).toEqual(upTo(500, 201));
    // What waits here could be handled elsewhere: no more than a page beyond what can be done at once.
    expect(most).toBeLessThanOrEqual(110);
    expect(await scene.pending()).toHaveLength(201);
  });

  it('T41 what waits behind a slow one is taken over and handled once; a slow one keeps its lease', async () => {
    const scene = await open();
    await scene.append('slow', 'a', 'b', 'c', 'd');
    await readAs(scene, 'gone', 10);
    await wait(TEST_LEASE_MS * 1.2);
    const seen: string[] = [];
    const handle = (name: string) => async (text: string) => {
      seen.push(`${text} ${name}`);
      if (text === 'slow') await wait(TEST_LEASE_MS * 3);
    };
    const first = await scene.start(handle('first'), { concurrency: 1 });
    await eventually('the slow one is at it', () => seen.length === 1);
    expect(first.runner.running[0]?.deliverer.inHand.size).toBe(1);
    await scene.start(handle('second'), { concurrency: 1 });
    await eventually('all are settled', () => scene.isSettled());
    expect([...seen].sort()).toEqual(['a second', 'b second', 'c second', 'd second', 'slow first']);
  });

  it('T46 consumers that are gone are removed, and none that holds anything', async () => {
    const scene = await open();
    await scene.append('a');
    await readAs(scene, 'holding', 1);
    for (const name of ['gone-1', 'gone-2', 'gone-3']) {
      await scene.commands.xgroup('CREATECONSUMER', scene.journal, scene.group, name);
    }
    await wait(300);
    await scene.commands.xgroup('CREATECONSUMER', scene.journal, scene.group, 'new');
    expect(await SCRIPTS.removeConsumers.run(scene.commands, [scene.journal], [scene.group, 250])).toBe(3);
    const left = (await scene.commands.xinfo('CONSUMERS', scene.journal, scene.group)) as string[][];
    expect(left.map((fields) => fields[1]).sort()).toEqual(['holding', 'new']);
    expect(await scene.pending()).toHaveLength(1);
  });

  it('T46 a group that is restarted often does not collect consumers', async () => {
    const scene = await open();
    for (let n = 0; n < 3; n++) {
      await scene.append(`${n}`);
      const instance = await scene.start(() => undefined, { leaseMs: 200 });
      await eventually('all are settled', () => scene.isSettled());
      await instance.close();
    }
    const consumers = async (): Promise<unknown[]> =>
      (await scene.commands.xinfo('CONSUMERS', scene.journal, scene.group)) as unknown[];
    // On a slow machine the first are gone already.
    expect(await consumers()).not.toHaveLength(0);
    await scene.start(() => undefined, { leaseMs: 200 });
    // With what is done there they go: a tenant in which nothing happens is not looked at.
    await eventually('the former are removed', async () => {
      await scene.append('more');
      await eventually('it is settled', () => scene.isSettled());
      return (await consumers()).length === 1;
    });
  });

  it.each(['none', 'run'] as const)(
    'T71 a long handler keeps its event when Redis is away for longer than the lease, ordering: %s',
    async (ordering) => {
      // Longer than elsewhere: after the outage its owner reconnects within a second, and must renew before it is over.
      const leaseMs = 2 * TEST_LEASE_MS;
      const server = await startRedis({ appendOnly: true });
      servers.push(server);
      const scene = await open({ url: server.url });
      const seen: string[] = [];
      const signals: AbortSignal[] = [];
      const handle = (name: string) => async (text: string, context: { signal: AbortSignal }) => {
        seen.push(`${text} ${name}`);
        signals.push(context.signal);
        await wait(leaseMs * 5);
      };
      // The one that has it is the later one to find Redis again.
      const proxy = await startTcpProxy(server.port);
      proxies.push(proxy);
      await scene.start(handle('first'), { ordering, leaseMs }, { url: `redis://127.0.0.1:${proxy.port}` });
      await scene.append('long');
      await eventually('it is at it', () => seen.length === 1);
      await scene.start(handle('second'), { ordering, leaseMs });
      await server.kill();
      proxy.refuse(true);
      await wait(leaseMs * 2);
      await server.restart();
      await wait(leaseMs * 0.3);
      proxy.refuse(false);
      await eventually('it is settled', () => scene.isSettled().catch(() => false), 60_000);
      expect(seen).toEqual(['long first']);
      expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    },
  );

  it('T71 also when Redis does not answer for a while, and no connection breaks', async () => {
    const server = await startRedis();
    servers.push(server);
    const scene = await open({ url: server.url });
    const seen: string[] = [];
    const handle = (name: string) => async (text: string) => {
      seen.push(`${text} ${name}`);
      await wait(TEST_LEASE_MS * 8);
    };
    await scene.start(handle('first'));
    await scene.append('long');
    await eventually('it is at it', () => seen.length === 1);
    await scene.start(handle('second'));
    server.pause();
    await wait(TEST_LEASE_MS * 3);
    server.resume();
    await eventually('it is settled', () => scene.isSettled().catch(() => false), 15_000);
    expect(seen).toEqual(['long first']);
  });
});
