import { afterEach, describe, expect, it } from '@jest/globals';
import { consumerScenes, TEST_LEASE_MS } from '../../../test/support/consumer-scene.js';
import { eventually } from '../../../test/support/eventually.js';
import { warning } from '../../../test/support/warnings.js';
import { testRedisUrl } from '../../../test/support/redis.js';
import { startTcpProxy, type TcpProxy } from '../../../test/support/tcp-proxy.js';
import type { RecordedEvent } from '../../events/index.js';
import { Delivery } from './delivery.js';
import { partitionOf } from '../../stream-consumer/index.js';
import { GroupSource } from '../group/group-source.js';
import { HandlerResult } from '../handler/handler-result.js';

describe('Trying again', () => {
  const open = consumerScenes();
  const proxies: TcpProxy[] = [];
  afterEach(async () => {
    await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
  });
  /** A line to the test Redis that can be disturbed. */
  const openProxy = async (): Promise<{ proxy: TcpProxy; url: string }> => {
    const url = new URL(testRedisUrl());
    const proxy = await startTcpProxy(Number(url.port));
    proxies.push(proxy);
    url.port = String(proxy.port);
    return { proxy, url: url.href };
  };

  it('T36 what was not acknowledged is tried again, without a restart and by any instance', async () => {
    const scene = await open();
    const attempts: number[] = [];
    const handle = (_: string, { attempt }: { attempt: number }): HandlerResult => {
      attempts.push(attempt);
      return attempt < 4 ? HandlerResult.retry({ delayMs: 10 }) : HandlerResult.success();
    };
    await Promise.all([scene.start(handle), scene.start(handle)]);
    await scene.append('a');
    await eventually('it is settled', async () => attempts.length > 0 && (await scene.isSettled()));
    expect(attempts).toEqual([1, 2, 3, 4]);
  });

  it('T47 a retry neither doubles the entry nor loses it: it stays where it is until it is due', async () => {
    const scene = await open();
    const attempts: number[] = [];
    const stopped = await scene.start((_, { attempt }) => {
      attempts.push(attempt);
      return HandlerResult.retry({ delayMs: 1500 });
    });
    await scene.append('a');
    const id = await scene.entryOf('a');
    const delayed = scene.keys.state('journal').delayed;
    await eventually('it waits', async () => (await scene.commands.zcard(delayed)) === 1);
    const length = await scene.commands.xlen(scene.journal);
    // A restart forgets nothing of it, and another instance takes it up when it is due, not before.
    await stopped.close();
    const settledAt: number[] = [];
    const startedAt = Date.now();
    await scene.start((_, { attempt }) => {
      attempts.push(attempt);
      settledAt.push(Date.now());
    });
    expect((await scene.pending()).map((entry) => entry.id)).toEqual([id]);
    await eventually('it is settled', () => scene.isSettled());
    expect(attempts).toEqual([1, 2]);
    expect(await scene.commands.xlen(scene.journal)).toBe(length);
    expect(Number(settledAt[0]) - startedAt).toBeGreaterThan(500);
  });

  it('T52 T74 a commit whose answer was lost is asked for again, and writes its effects once', async () => {
    const scene = await open();
    const { proxy, url } = await openProxy();
    const outcomes: string[] = [];
    const seen: number[] = [];
    const consumers = await scene.start(
      (text, context) => {
        seen.push(context.attempt);
        context.publish(scene.run, warning(text));
        // From here on Redis is told and its answers are not heard.
        proxy.swallowAnswers();
      },
      {},
      { url },
    );
    const { signals } = consumers;
    await scene.append('a');
    await eventually(
      'the effect is there',
      async () => (await scene.store.info(scene.tenant, scene.run)).length === 3,
    );
    expect(signals.filter(({ kind }) => kind === 'settled')).toEqual([]);
    proxy.cut();
    await eventually('its answer is heard', () => signals.some(({ kind }) => kind === 'settled'));
    for (const signal of signals) if (signal.kind === 'settled') outcomes.push(signal.outcome);
    expect(outcomes).toEqual(['succeeded']);
    expect(seen).toEqual([1]);
    const { events } = await scene.store.read(scene.tenant, scene.run);
    expect(events.map(({ type }) => type)).toEqual(['lifecycle.started', 'log.stdout', 'system.warning']);
  });

  it('T48 what was taken and is handed back is the first to be taken, by anybody', async () => {
    const scene = await open();
    await scene.append('a', 'b', 'c');
    const sourceOf = (consumer: string): GroupSource =>
      new GroupSource(partitionOf(scene.tenant), 'journal', scene.commands, scene.store, {
        group: scene.group,
        consumer,
        leaseMs: 60_000,
        maxAttempts: 3,
        ownership: undefined,
        handler: '',
        signals: scene.signals,
      });
    const [first, second] = [sourceOf('first'), sourceOf('second')];
    await first.ensureGroup('0');
    const taken = (await first.take(3)).entries.map(({ entry }) => entry.id);
    await first.handBack(taken.slice(1));
    expect((await second.take(10)).entries.map(({ entry }) => entry.id).slice(0, 2)).toEqual(taken.slice(1));
  });

  it.each([false, true])(
    'T74 an answer to begin that was lost is no attempt and no death, alone: %s',
    async (alone) => {
      const scene = await open();
      await scene.append('a');
      const settings = {
        group: scene.group,
        leaseMs: 60_000,
        maxAttempts: 3,
        ownership: undefined,
        handler: '',
        signals: scene.signals,
      };
      const source = new GroupSource(partitionOf(scene.tenant), 'journal', scene.commands, scene.store, {
        ...settings,
        consumer: 'first',
      });
      await source.ensureGroup(
        await scene.entryOf('a').then((id) => id.replace(/\d+$/, (n) => `${Number(n) - 1}`)),
      );
      const { entry } = (await source.take(1)).entries[0]!;
      const held = new Delivery(source, entry);
      // The same holding asks again and again: its handler has not run.
      for (let n = 0; n < 5; n++) {
        const began = await source.begin([held], alone);
        expect(began).toMatchObject([{ kind: 'run', attempt: 1 }]);
      }
      // Another one finds an attempt that nobody has heard of since.
      const other = new Delivery(source, entry);
      expect(await source.begin([other])).toEqual([{ kind: 'suspect', isAgain: alone }]);
      expect(await source.begin([other], true)).toMatchObject([{ kind: 'run', attempt: 2 }]);
      // Three deaths alone are the end of it.
      let solo = alone ? 2 : 1;
      for (;;) {
        const [next] = (await source.begin([new Delivery(source, entry)], true)) as { kind: string }[];
        if (next?.kind === 'dead') break;
        expect(next?.kind).toBe('run');
        solo++;
      }
      expect(solo).toBe(3);
      expect(await scene.dead()).toMatchObject([{ attempts: alone ? '3' : '4' }]);
    },
  );

  it('an effect that can not be made fails its own event, and none of those settled with it', async () => {
    const scene = await open();
    const ended = await scene.createRun();
    await scene.store.append(scene.tenant, ended, [
      { event: { category: 'lifecycle', action: 'completed' }, data: { result: null } },
    ]);
    // A run whose keys are of the wrong type: what is written to it fails in the middle.
    const broken = await scene.createRun();
    const { idempotencyKeys } = scene.store.keys.run(scene.tenant, broken);
    await scene.commands.set(idempotencyKeys, 'of a wrong type');
    await scene.append('before', 'ended', 'missing', 'broken', 'after');
    const target: Record<string, string> = {
      ended,
      broken,
      missing: `r0_${'0'.repeat(26)}`,
    };
    await scene.start((text, context) => {
      context.publish(target[text] ?? scene.run, warning(text));
    });
    await eventually('all are settled', () => scene.isSettled());
    const letters = await scene.dead();
    expect(letters).toHaveLength(3);
    const { events } = await scene.store.read(scene.tenant, scene.run);
    const made = events
      .filter(({ type }) => type === 'system.warning')
      .map(({ json }) => (JSON.parse(json.toString()) as RecordedEvent).data['message']);
    expect(made.sort()).toEqual(['after', 'before']);
    expect(letters.map((letter) => letter['error']).join()).toMatch(/has ended.*does not exist.*WRONGTYPE/s);
  });

  it('an answer that no HandlerResult is counts as a failure of the handler', async () => {
    const scene = await open();
    await scene.start(() => ({ outcome: 'fine' }) as unknown as HandlerResult, { maxAttempts: 2 });
    await scene.append('a');
    await eventually('it is dead-lettered', async () => (await scene.dead()).length === 1);
    expect((await scene.dead())[0]).toMatchObject({ attempts: '2' });
  });

  it('T44 a read whose reply is lost with the connection: what it was given is taken up again', async () => {
    const scene = await open();
    const { proxy, url } = await openProxy();
    const seen: string[] = [];
    // A lease that does not run out here: only the reader itself can find them.
    let goOn: () => void = () => undefined;
    const isOver = new Promise<void>((resolve) => (goOn = resolve));
    const handle = async (text: string): Promise<void> => {
      seen.push(text);
      // So that the process has something of this tenant in hand, and need not write that down anew.
      if (text === 'a') await isOver;
    };
    const { runner } = await scene.start(handle, { leaseMs: 60_000 }, { url });
    await scene.append('a');
    // For the event, and what every start does: it looks for what others have left, twice.
    const { counts } = runner.running[0]!.finder;
    await eventually('it rests', () => seen.length === 1 && counts.visits >= 3 && counts.running === 0);
    proxy.swallowAnswers();
    await scene.append('b', 'c');
    // No signal gets through.
    runner.running[0]?.finder.visitIn(partitionOf(scene.tenant), 0);
    await eventually('both were given out', async () => (await scene.pending()).length === 3);
    proxy.cut();
    await eventually('both are handled', () => seen.length === 3);
    goOn();
    await eventually('all are settled', () => scene.isSettled());
    expect(seen.sort()).toEqual(['a', 'b', 'c']);
  });

  it('T44 taking up what was lost does not hasten what waits for its delay', async () => {
    const scene = await open();
    const { proxy, url } = await openProxy();
    const attempts: number[] = [];
    await scene.start(
      (_, { attempt }) => {
        attempts.push(attempt);
        return attempt === 1 ? HandlerResult.retry({ delayMs: 2500 }) : HandlerResult.success();
      },
      {},
      { url },
    );
    await scene.append('a');
    const delayed = scene.keys.state('journal').delayed;
    await eventually('it waits', async () => (await scene.commands.zcard(delayed)) === 1);
    proxy.cut();
    await new Promise((resolve) => setTimeout(resolve, TEST_LEASE_MS * 1.5));
    expect(attempts).toEqual([1]);
    await eventually('it is settled', () => scene.isSettled());
    expect(attempts).toEqual([1, 2]);
  });
});
