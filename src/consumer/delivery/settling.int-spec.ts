import { describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { type ConsumerScene, consumerScenes } from '../../../test/support/consumer-scene.js';
import { eventually } from '../../../test/support/eventually.js';
import { runIndexOf } from '../../../test/support/run-index.js';
import { published, warning } from '../../../test/support/warnings.js';
import { publishEffect, startEffect } from './effects.js';
import { GroupSource } from '../group/group-source.js';
import { HandlerResult } from '../handler/handler-result.js';
import type { Outcome } from './lease.js';
import { newBatchId, Settler } from './settler.js';
import { partitionOf } from '../../stream-consumer/index.js';

/** Entries of the scene that were begun, each with an outcome that publishes its own name. */
async function begun(
  scene: ConsumerScene,
  names: string[],
): Promise<{ source: GroupSource; outcomes: Outcome[] }> {
  const source = new GroupSource(partitionOf(scene.tenant), 'journal', scene.commands, scene.store, {
    group: scene.group,
    consumer: 'one',
    leaseMs: 60_000,
    maxAttempts: 2,
    ownership: undefined,
    handler: '',
    signals: scene.signals,
  });
  await scene.append(...names);
  const first = await scene.entryOf(names[0]!);
  await source.ensureGroup(first.replace(/\d+$/, (n) => `${Number(n) - 1}`));
  const outcomes: Outcome[] = [];
  while (outcomes.length < names.length) {
    for (const { entry, begun } of (await source.take(1000)).entries) {
      const { token, epoch, fence } = begun!;
      outcomes.push({
        ...{ entry, token, epoch, fence },
        kind: 'ok',
        delayMs: 0,
        error: '',
        effects: [publishEffect(scene.store, scene.run, warning(names[outcomes.length]!))],
      });
    }
  }
  return { source, outcomes };
}

describe('Settling', () => {
  const open = consumerScenes();

  it.each([Number.NaN, Infinity, -1, 1e300])(
    'T230 a delay of %s that reaches the script writes nothing of its batch',
    async (delayMs) => {
      const scene = await open();
      const { source, outcomes } = await begun(scene, ['a', 'b', 'c']);
      Object.assign(outcomes[2]!, { kind: 'retry', delayMs, effects: [] });
      await expect(source.settle(outcomes, newBatchId())).rejects.toThrow('delay');
      expect(await published(scene)).toEqual([]);
      expect(await scene.pending()).toHaveLength(3);
    },
  );

  it('T230 the one that a script refuses is found, and fails; the others are settled once', async () => {
    const scene = await open();
    const names = Array.from({ length: 25 }, (_, i) => `e${i}`);
    const { source, outcomes } = await begun(scene, names);
    Object.assign(outcomes[7]!, { kind: 'retry', delayMs: Number.NaN, effects: [] });
    const settler = new Settler(source, new Logger('test'), new AbortController().signal);
    const settlements = await Promise.all(
      outcomes.map(async (outcome) => (await settler.settle(outcome)).settlement),
    );
    expect(settlements.map((one, i) => (i === 7 ? one === 'retry' : one === 'ok'))).not.toContain(false);
    expect((await published(scene)).sort()).toEqual(names.filter((_, i) => i !== 7).sort());
    expect((await scene.pending()).map(({ id }) => id)).toEqual([outcomes[7]!.entry.id]);
    const state = await scene.commands.hget(scene.keys.state('journal').entries, outcomes[7]!.entry.id);
    expect(state).toMatch(/^1 1 w /);
  });

  it('T230 an odd delay of one handler doubles no effect of another', async () => {
    const scene = await open();
    const names = ['a', 'b', 'odd', 'c', 'd'];
    await scene.append(...names);
    const seen = new Map<string, number>();
    await scene.start(
      (text, context) => {
        seen.set(text, (seen.get(text) ?? 0) + 1);
        if (text === 'odd') return HandlerResult.retry({ delayMs: Number.NaN });
        context.publish(scene.run, warning(text));
        return HandlerResult.success();
      },
      { maxAttempts: 2 },
    );
    await eventually('all are settled', () => scene.isSettled());
    expect((await published(scene)).sort()).toEqual(['a', 'b', 'c', 'd']);
    expect(seen).toEqual(
      new Map([
        ['a', 1],
        ['b', 1],
        ['odd', 2],
        ['c', 1],
        ['d', 1],
      ]),
    );
    expect(await scene.dead()).toHaveLength(1);
  });

  it('T231 a run that is started may be published to in the same step', async () => {
    const scene = await open();
    await scene.append('a', 'b');
    const started: string[] = [];
    await scene.start((text, context) => {
      const id = context.startRun({ task: text });
      started.push(id);
      context.publish(id, warning(text));
      context.publish(id, { type: 'lifecycle.completed', data: { result: text } });
    });
    await eventually('all are settled', () => scene.isSettled());
    expect(await scene.dead()).toEqual([]);
    for (const id of started) {
      const { events } = await scene.store.read(scene.tenant, id);
      expect(events.map(({ type }) => type)).toEqual([
        'lifecycle.started',
        'system.warning',
        'lifecycle.completed',
      ]);
      expect(JSON.parse(events.at(-1)?.json.toString() ?? '')).not.toHaveProperty('source');
      expect(await scene.runs.get(scene.tenant, id)).toMatchObject({ status: 'completed', sequence: 3 });
    }
    const { is, should } = await runIndexOf(scene);
    expect(is).toEqual(should);
  });

  it('T231 and one that an earlier event of the same batch has ended may not', async () => {
    const scene = await open();
    const { source, outcomes } = await begun(scene, ['a', 'b']);
    const end = { type: 'lifecycle.completed', data: { result: 1 } };
    const effects = [publishEffect(scene.store, scene.run, end)];
    const settlements = await source.settle([{ ...outcomes[0]!, effects }, outcomes[1]!], newBatchId());
    expect(settlements).toEqual(['ok', `refused the run ${scene.run} has ended`]);
    expect(await published(scene)).toEqual([]);
  });

  it('T67 an index that is none refuses what starts a run, and nothing else', async () => {
    const scene = await open();
    const { source, outcomes } = await begun(scene, ['a', 'b']);
    const { index } = scene.store.keys.partition(scene.tenant, 0);
    await scene.commands.multi().del(index).sadd(index, 'not what it should be').exec();
    const effects = [startEffect(scene.store, { task: 'x', key: 'k' })];
    const settlements = await source.settle(
      [
        { ...outcomes[0]!, effects },
        { ...outcomes[1]!, effects: [] },
      ],
      newBatchId(),
    );
    expect(settlements).toEqual([expect.stringMatching(/^refused its effects fail: .*WRONGTYPE/), 'ok']);
    const { runs } = await scene.runs.list(scene.tenant, {}, 10);
    expect(runs.map(({ id }) => id)).toEqual([scene.run]);
  });

  it('two events with one idempotency key are one, also in one step', async () => {
    const scene = await open();
    const { source, outcomes } = await begun(scene, ['a']);
    const same = { ...warning('same'), idempotency_key: 'k' };
    const effects = [same, warning('other'), same].map((event) =>
      publishEffect(scene.store, scene.run, event),
    );
    expect(await source.settle([{ ...outcomes[0]!, effects }], newBatchId())).toEqual(['ok']);
    expect(await published(scene)).toEqual(['same', 'other']);
  });

  it('T232 leases of 9000 events are renewed', async () => {
    const scene = await open();
    const { source, outcomes } = await begun(scene, ['a']);
    const many = Array.from({ length: 9000 }, () => outcomes[0]!);
    expect(await source.beat(many)).toEqual([]);
  });

  it.each(['entries', 'delayed', 'dead', 'stream'] as const)(
    'T67 settling writes nothing when the %s of the group is no such thing',
    async (name) => {
      const scene = await open();
      const { source, outcomes } = await begun(scene, ['a', 'b', 'c']);
      outcomes[1] = { ...outcomes[1]!, kind: 'fail', error: 'x', effects: [] };
      outcomes[2] = { ...outcomes[2]!, kind: 'retry', delayMs: 1, effects: [] };
      const { entries, delayed } = scene.keys.state('journal');
      const key = { entries, delayed, dead: scene.keys.dead, stream: scene.journal }[name];
      await scene.commands.multi().del(key).sadd(key, 'not what it should be').exec();
      await expect(source.settle(outcomes, newBatchId())).rejects.toThrow();
      expect(await published(scene)).toEqual([]);
    },
  );
});

describe('What one handled event may write', () => {
  const open = consumerScenes();

  it('T237 is bounded in events and bytes, and the call says so', async () => {
    const scene = await open();
    const errors: string[] = [];
    await scene.start(
      (text, context) => {
        const large = { type: 'log.stdout', data: { line: 'x'.repeat(1_000_000) } };
        try {
          for (let n = 0; n < 20_000; n++)
            context.publishUntyped(scene.run, text === 'many' ? warning(`${n}`) : large);
        } catch (error) {
          errors.push((error as Error).message);
          throw error;
        }
      },
      { maxAttempts: 1, types: ['log.stderr'] },
    );
    const progress = (text: string) => ({
      event: { category: 'log' as const, action: 'stderr' },
      data: { line: text },
    });
    await scene.store.append(scene.tenant, scene.run, [progress('many'), progress('large')]);
    await eventually('both are dead-lettered', async () => (await scene.dead()).length === 2);
    expect(errors.sort()).toEqual([
      expect.stringMatching(/at most 1000 events.*maxEffects/),
      expect.stringMatching(/at most 8388608 bytes.*maxEffectBytes/),
    ]);
    expect(await published(scene)).toEqual([]);
  });

  it('T237 publishing to what can be no run is refused at the call', async () => {
    const scene = await open();
    const { source } = await begun(scene, ['a']);
    for (const id of ['', 'x', `r1_${'0'.repeat(26)}`, `r0_${'0'.repeat(26)}:keys`, undefined, {}])
      expect(() => publishEffect(scene.store, id as string, warning('a'))).toThrow('needs the id of a run');
    expect(source.effectLimits).toEqual({ events: 1000, bytes: 8 * 1024 * 1024 });
  });

  it('starting what can be no run is refused at the call', async () => {
    const scene = await open();
    const runs = [
      undefined,
      null,
      'x',
      {},
      { task: '' },
      { task: 'x', key: 'a\n' },
      { task: 'x', input: { n: 1n } },
    ];
    const executors = [['later'], 5, '', 'Later'].map((executor) => ({ task: 'x', executor }));
    for (const run of [...runs, ...executors])
      expect(() => startEffect(scene.store, run as never)).toThrow(
        expect.objectContaining({ code: 'VALIDATION_FAILED' }),
      );
  });

  it('T233 an ordered retry later than an hour is a failure that says so', async () => {
    const scene = await open();
    let calls = 0;
    await scene.start(
      () => {
        calls++;
        return HandlerResult.retry({ delayMs: 30 * 86_400_000 });
      },
      { ordering: 'run', maxAttempts: 2 },
    );
    await scene.append('a');
    await eventually('it is dead-lettered', async () => (await scene.dead()).length === 1);
    expect(calls).toBe(2);
    expect((await scene.dead())[0]!['error']).toContain('an hour');
  });

  it('T233 a retry in 30 days waits', async () => {
    const scene = await open();
    let calls = 0;
    await scene.start(() => {
      calls++;
      return HandlerResult.retry({ delayMs: 30 * 86_400_000 });
    });
    await scene.append('a');
    const { due } = scene.keys.later;
    await eventually('it waits', async () => (await scene.commands.zcard(due)) === 1);
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(calls).toBe(1);
  });
});
