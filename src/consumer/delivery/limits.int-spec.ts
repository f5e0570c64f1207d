import { describe, expect, it } from '@jest/globals';
import { type ConsumerScene, consumerScenes } from '../../../test/support/consumer-scene.js';
import { eventually } from '../../../test/support/eventually.js';
import { published, warning } from '../../../test/support/warnings.js';
import { TenantLimitError } from '../../common/index.js';
import type { LimitName } from '../../config/index.js';
import { LIMIT_KEYS } from '../../limits/index.js';

/** All that belongs to it, as an operator sets it. */
async function limit(scene: ConsumerScene, values: Partial<Record<LimitName, number>>): Promise<void> {
  const key = LIMIT_KEYS.of(scene.tenant);
  await scene.commands.del(key);
  if (Object.keys(values).length > 0) await scene.commands.hset(key, values);
}

describe('A limit of the tenant and its handlers', () => {
  const open = consumerScenes();

  it.each([undefined, 'run'] as const)(
    'T292 effects over a limit wait, however often, and poison nothing (ordering: %s)',
    async (ordering) => {
      const scene = await open();
      const names = ['a', 'b', 'c', 'd'];
      await scene.append(...names);
      // The scene's run is active already.
      await limit(scene, { active_runs: 1 });
      const seen: string[] = [];
      const attempts: number[] = [];
      const started = new Map<string, string>();
      await scene.start(
        (text, context) => {
          seen.push(text);
          attempts.push(context.attempt);
          started.set(text, context.startRun({ task: text }));
          context.publish(scene.run, warning(text));
        },
        { maxAttempts: 2, ...(ordering && { ordering }) },
      );
      await eventually('the first was refused more often than it may fail', () => {
        return seen.filter((text) => text === 'a').length > 3;
      });
      expect(await published(scene)).toEqual([]);
      expect(await scene.dead()).toEqual([]);
      expect(new Set(attempts)).toEqual(new Set([1]));
      await limit(scene, {});
      await eventually('all are settled', () => scene.isSettled());
      expect((await published(scene)).sort()).toEqual(names);
      if (ordering) expect(await published(scene)).toEqual(names);
      expect(await scene.dead()).toEqual([]);
      for (const id of started.values())
        expect((await scene.runs.get(scene.tenant, id)).status).toBe('running');
    },
  );

  it('T292 events per second count effects, and what ends a run is made in any case', async () => {
    const scene = await open();
    await scene.append('many', 'more', 'end');
    await limit(scene, { events_per_second: 1 });
    await scene.start(
      (text, context) => {
        const count = text === 'many' ? 4 : 1;
        for (let i = 0; i < count && text !== 'end'; i++) context.publish(scene.run, warning(`${text} ${i}`));
        if (text === 'end') context.publish(scene.run, { type: 'lifecycle.completed', data: { result: 1 } });
      },
      { concurrency: 1, maxAttempts: 2, ordering: 'run' },
    );
    const { delayed } = scene.keys.state('journal');
    await eventually('the second was put off', async () => (await scene.commands.zcard(delayed)) === 1);
    expect(await published(scene)).toHaveLength(4);
    expect((await scene.runs.get(scene.tenant, scene.run)).status).toBe('running');
    await limit(scene, { events_per_second: 1_000_000 });
    // The bucket drains at the new limit.
    await eventually('all are settled', () => scene.isSettled());
    expect(await published(scene)).toHaveLength(5);
    expect((await scene.runs.get(scene.tenant, scene.run)).status).toBe('completed');
    expect(await scene.dead()).toEqual([]);
  });

  it('T292 a handler that throws the refusal is called again, and has not failed', async () => {
    const scene = await open();
    await scene.append('a');
    const attempts: number[] = [];
    const { signals } = await scene.start(
      (_, context) => {
        attempts.push(context.attempt);
        if (attempts.length < 6) throw new TenantLimitError('active_runs', 1, 50);
      },
      { maxAttempts: 2 },
    );
    await eventually('it is settled', () => scene.isSettled());
    expect(attempts).toEqual([1, 1, 1, 1, 1, 1]);
    expect(await scene.dead()).toEqual([]);
    const outcomes = signals.flatMap((signal) => (signal.kind === 'settled' ? [signal.outcome] : []));
    expect(outcomes).toEqual([...Array<string>(5).fill('retried'), 'succeeded']);
  });
});
