import { describe, expect, it } from '@jest/globals';
import { consumerScenes } from '../../../test/support/consumer-scene.js';
import { line } from '../../../test/support/event-store.js';
import { eventually } from '../../../test/support/eventually.js';
import {
  untilWaiting,
  setDue,
  comeDue,
  forgetTouches,
  expectNothingLeft,
  inHours,
} from '../../../test/support/later.js';
import { published, warning } from '../../../test/support/warnings.js';
import type { HandlerContext } from '../handler/handler.js';
import { HandlerResult } from '../handler/handler-result.js';

describe('T253 A retry in more than an hour', () => {
  const open = consumerScenes();

  it('outlives its entry in the journal, and comes back when it is due with all that is known of it', async () => {
    const scene = await open();
    const seen: (Pick<HandlerContext, 'attempt' | 'idempotencyKey'> & { id: string; text: string })[] = [];
    const tokens: number[] = [];
    const process = await scene.start((text, context, { id }) => {
      const { attempt, idempotencyKey, fencingToken } = context;
      seen.push({ id, text, attempt, idempotencyKey });
      tokens.push(fencingToken);
      if (attempt === 1) return inHours();
      context.publish(scene.run, warning(text));
      return HandlerResult.success();
    });
    await scene.append('a');
    await untilWaiting(scene);
    expect(await scene.pending()).toEqual([]);
    expect(await scene.commands.hlen(scene.keys.state('journal').entries)).toBe(0);
    await scene.commands.xtrim(scene.journal, 'MAXLEN', 0);
    await comeDue(scene, process);
    await eventually('it is handled', () => seen.length === 2);
    await eventually('it is done', async () => (await scene.commands.xlen(scene.keys.redrive)) === 0);
    const [first, second] = seen;
    expect(second).toEqual({ ...first, attempt: 2 });
    expect(tokens[1]).toBeGreaterThan(tokens[0] ?? NaN);
    expect(await published(scene)).toEqual(['a']);
    await expectNothingLeft(scene);
    expect(await scene.dead()).toEqual([]);
  });

  it('is found on time by a process that is started when nothing else happens', async () => {
    const scene = await open();
    const before = await scene.start(inHours);
    await scene.append('a');
    await untilWaiting(scene);
    await before.close();
    await forgetTouches(scene);
    await setDue(scene, 2500);
    const handledAt: number[] = [];
    const startedAt = performance.now();
    await scene.start((_, { attempt }) => {
      if (attempt === 2) handledAt.push(performance.now() - startedAt);
    });
    await eventually('it is handled', () => handledAt.length === 1, 20_000);
    expect(handledAt[0]).toBeGreaterThan(1500);
    expect(handledAt[0]).toBeLessThan(8000);
  });

  it('costs no visits until it is due, and then nobody has to be told', async () => {
    const scene = await open();
    const attempts: number[] = [];
    const { runner } = await scene.start((_, { attempt }) => {
      attempts.push(attempt);
      return attempt === 1 ? inHours() : HandlerResult.success();
    });
    await scene.append('a');
    await untilWaiting(scene);
    await setDue(scene, 16_000);
    // What was touched is visited for some seconds.
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    const { counts } = runner.running[0]!.finder;
    const { visits } = counts;
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(counts.visits - visits).toBeLessThanOrEqual(1);
    expect(attempts).toEqual([1]);
    await eventually('it is handled', () => attempts.length === 2, 15_000);
  }, 60_000);

  it('is not delivered twice when the consumer group is lost', async () => {
    const scene = await open();
    const seen: string[] = [];
    const process = await scene.start((text, { attempt }) => {
      seen.push(`${text} ${attempt}`);
      return text === 'a' && attempt === 1 ? inHours() : HandlerResult.success();
    });
    await scene.append('a');
    await untilWaiting(scene);
    // It is made again from the beginning.
    await scene.commands.hdel(scene.keys.meta, 'cursor');
    await scene.commands.xgroup('DESTROY', scene.journal, scene.group);
    await scene.commands.xgroup('DESTROY', scene.keys.redrive, scene.group);
    await scene.append('b');
    await eventually('the next one is handled', () => seen.includes('b 1'));
    await eventually('all are settled', () => scene.isSettled());
    expect(seen).toEqual(['a 1', 'b 1']);
    await comeDue(scene, process);
    await eventually('it is handled', () => seen.includes('a 2'));
  });

  it.each(['before it is due', 'afterwards'])(
    'is handled once, when its event comes in another entry %s',
    async (when) => {
      const scene = await open();
      const seen: string[] = [];
      const process = await scene.start((text, { attempt }) => {
        seen.push(`${text} ${attempt}`);
        return seen.length === 1 ? inHours() : HandlerResult.success();
      });
      await scene.store.append(scene.tenant, scene.run, [line('a', { idempotency_key: 'k' })]);
      await untilWaiting(scene);
      const [[, fields]] = (await scene.commands.xrevrange(scene.journal, '+', '-', 'COUNT', 1)) as [
        [string, string[]],
      ];
      if (when === 'before it is due') {
        await scene.inject(fields);
        await eventually('the other one is handled', () => seen.length === 2);
        await comeDue(scene, process);
      } else {
        await comeDue(scene, process);
        await eventually('it is handled', () => seen.length === 2);
        await scene.inject(fields);
      }
      await scene.append('b');
      await eventually('a later one is handled', () => seen.includes('b 1'));
      await eventually('all are settled', () => scene.isSettled());
      await eventually(
        'nothing waits',
        async () => (await scene.commands.exists(scene.keys.later.due)) === 0,
      );
      await eventually('it is gone', async () => (await scene.commands.xlen(scene.keys.redrive)) === 0);
      expect(seen).toEqual(['a 1', when === 'afterwards' ? 'a 2' : 'a 1', 'b 1']);
      await expectNothingLeft(scene);
    },
  );

  it.each(['number', 'bytes'])(
    'stays in the journal when too much waits already, by its %s',
    async (what) => {
      const scene = await open();
      const { due, entries } = scene.keys.later;
      const far = Date.now() + 30 * 86_400_000;
      if (what === 'bytes') await scene.commands.hset(entries, 'bytes', 64 * 1024 * 1024);
      else for (let n = 0; n < 10_000; n++) await scene.commands.zadd(due, far, `1-${n}`);
      await scene.start(inHours);
      await scene.append('a');
      const { delayed } = scene.keys.state('journal');
      await eventually('it waits', async () => (await scene.commands.zcard(delayed)) === 1);
      await eventually('the rest has its outcome', async () => (await scene.pending()).length === 1);
      expect(await scene.pending()).toMatchObject([{ id: await scene.entryOf('a') }]);
      expect(await scene.commands.zcard(due)).toBe(what === 'bytes' ? 0 : 10_000);
    },
  );

  it('is handled once by two processes that look at the same moment', async () => {
    const scene = await open();
    const seen: string[] = [];
    const handle = (text: string, { attempt }: HandlerContext): HandlerResult => {
      seen.push(`${text} ${attempt}`);
      return attempt === 1 ? inHours() : HandlerResult.success();
    };
    const processes = await Promise.all([scene.start(handle), scene.start(handle)]);
    const names = Array.from({ length: 30 }, (_, n) => `e${n}`);
    await scene.append(...names);
    await untilWaiting(scene, 30);
    await comeDue(scene, ...processes);
    await eventually('all are handled', () => seen.length >= 60);
    await eventually('all are done', async () => (await scene.commands.xlen(scene.keys.redrive)) === 0);
    expect(seen.sort()).toEqual(names.flatMap((name) => [`${name} 1`, `${name} 2`]).sort());
    await expectNothingLeft(scene);
  });

  it('is handled by an ordered group, when the group has become one', async () => {
    const scene = await open();
    const before = await scene.start(inHours);
    await scene.append('a');
    await untilWaiting(scene);
    await before.close();
    await forgetTouches(scene);
    await setDue(scene, 5000);
    const attempts: number[] = [];
    await scene.start(
      (_, { attempt }) => {
        attempts.push(attempt);
      },
      { ordering: 'run' },
    );
    await eventually('it is handled', () => attempts.length === 1, 20_000);
    expect(attempts).toEqual([2]);
  });
});
