import { describe, expect, it } from '@jest/globals';
import { startConsumers } from '../../../test/support/consumer.js';
import { consumerScenes } from '../../../test/support/consumer-scene.js';
import { line } from '../../../test/support/event-store.js';
import { eventually } from '../../../test/support/eventually.js';
import {
  untilWaiting,
  comeDue,
  expectNothingLeft,
  allPending,
  inHours,
  HOURS_MS,
} from '../../../test/support/later.js';
import { published, warning } from '../../../test/support/warnings.js';
import { DeadLetters } from './dead-letters.js';
import { GroupControl } from './group-control.js';
import { GroupCatalog } from './group-info.js';
import { HandlerResult } from '../handler/handler-result.js';

describe('T253 What operators see and do of a retry in more than an hour: it', () => {
  const open = consumerScenes();

  it('is a dead letter after its last attempt, body and all, which can be sent back', async () => {
    const scene = await open();
    const attempts: number[] = [];
    let isClosed = true;
    const process = await scene.start(
      (_, { attempt }) => {
        attempts.push(attempt);
        return isClosed ? inHours() : HandlerResult.success();
      },
      { maxAttempts: 3 },
    );
    await scene.append('a');
    const id = await scene.entryOf('a');
    for (let attempt = 1; attempt < 3; attempt++) {
      await eventually(`${attempt} attempts`, () => attempts.length === attempt);
      await untilWaiting(scene);
      await scene.commands.xtrim(scene.journal, 'MAXLEN', 0);
      await comeDue(scene, process);
    }
    const letters = process.app.get(DeadLetters);
    const list = async () => (await letters.list(scene.tenant, { group: scene.group }, 10)).letters;
    await eventually('it is dead-lettered', async () => (await list()).length === 1);
    const [letter] = await list();
    expect(letter).toMatchObject({
      ...{ entryId: id, runId: scene.run, attempts: 3, error: 'the bank is closed' },
      event: { data: { line: 'a' } },
    });
    expect(letter!.lastFailureAt).toBeGreaterThan(letter!.firstFailureAt);
    await expectNothingLeft(scene);
    // It is as any other that was sent back.
    await letters.redrive(scene.tenant, letter!.id);
    await untilWaiting(scene);
    expect(await allPending(scene, process)).toMatchObject([{ entryId: id, isRedrive: true }]);
    isClosed = false;
    await comeDue(scene, process);
    await eventually('it is handled', () => attempts.length === 5);
    expect(attempts).toEqual([1, 2, 3, 1, 2]);
  });

  it('of a dead letter that was sent back comes back as one', async () => {
    const scene = await open();
    const attempts: number[] = [];
    const process = await scene.start((_, { attempt }) => {
      attempts.push(attempt);
      if (attempts.length === 1) return HandlerResult.fail('no');
      return attempts.length === 2 ? inHours() : HandlerResult.success();
    });
    await scene.store.append(scene.tenant, scene.run, [line('a', { idempotency_key: 'k' })]);
    const letters = process.app.get(DeadLetters);
    const list = async () => (await letters.list(scene.tenant, { group: scene.group }, 10)).letters;
    await eventually('it is dead-lettered', async () => (await list()).length === 1);
    await letters.redrive(scene.tenant, (await list())[0]!.id);
    await untilWaiting(scene);
    const [entry] = await allPending(scene, process);
    expect(entry).toMatchObject({ isRedrive: true, entryId: await scene.entryOf('a') });
    await comeDue(scene, process);
    await eventually('it is handled', () => attempts.length === 3);
    expect(attempts).toEqual([1, 1, 2]);
    await eventually('it is done', async () => (await scene.commands.xlen(scene.keys.redrive)) === 0);
    await expectNothingLeft(scene);
  });

  it('shows as pending and delayed, with all that operators get to see', async () => {
    const scene = await open();
    const process = await scene.start(inHours);
    await scene.append('a', 'b');
    await untilWaiting(scene, 2);
    const found = await allPending(scene, process);
    const ids = [await scene.entryOf('a'), await scene.entryOf('b')];
    expect(found.map(({ entryId }) => entryId).sort()).toEqual(ids.sort());
    expect(found[0]).toMatchObject({
      ...{ runId: scene.run, type: 'log.stdout', isRedrive: false, state: 'delayed', attempts: 1 },
      ...{ lastError: 'the bank is closed', consumer: process.runner.running[0]!.consumer },
    });
    for (const { nextTryAt, ageMs, idleMs } of found) {
      expect(Number(nextTryAt) - Date.now()).toBeGreaterThan(HOURS_MS - 600_000);
      expect(ageMs).toBeLessThan(60_000);
      expect(idleMs).toBeLessThan(60_000);
    }
    const catalog = process.app.get(GroupCatalog);
    expect(await catalog.get(scene.tenant, scene.group)).toMatchObject({ pending: 2, delayed: 2, lag: 0 });
  });

  it('is forgotten by a replay that delivers its entry again, and kept where the journal has it no more', async () => {
    const scene = await open();
    const seen: string[] = [];
    let isClosed = true;
    const process = await scene.start((text, { attempt }) => {
      seen.push(`${text} ${attempt}`);
      return isClosed ? inHours() : HandlerResult.success();
    });
    await scene.append('trimmed');
    await untilWaiting(scene, 1);
    await scene.commands.xtrim(scene.journal, 'MAXLEN', 0);
    await scene.append('kept');
    await untilWaiting(scene, 2);
    isClosed = false;
    await process.app.get(GroupControl).replay(scene.tenant, scene.group, '2001-01-01T00:00:00Z');
    await untilWaiting(scene, 1);
    await eventually('it came again', () => seen.length === 3);
    await comeDue(scene, process);
    await eventually('the other one is handled', () => seen.length === 4);
    expect(seen).toEqual(['trimmed 1', 'kept 1', 'kept 1', 'trimmed 2']);
    await eventually('all is done', async () => (await scene.commands.xlen(scene.keys.redrive)) === 0);
    await expectNothingLeft(scene);
  });

  it('that has come back is forgotten by a replay too', async () => {
    const scene = await open();
    const seen: string[] = [];
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const process = await scene.start(async (text, context) => {
      const { attempt } = context;
      seen.push(`${text} ${attempt}`);
      if (attempt === 1 && seen.length === 1) return inHours();
      context.publish(scene.run, warning(`${attempt}`));
      if (attempt === 2) await held;
      return HandlerResult.success();
    });
    await scene.append('a');
    await untilWaiting(scene);
    await comeDue(scene, process);
    await eventually('it is being handled', () => seen.length === 2);
    await process.app.get(GroupControl).replay(scene.tenant, scene.group, '2001-01-01T00:00:00Z');
    await eventually('it came again', () => seen.length === 3);
    release();
    await eventually('the attempt that ran is over', () =>
      process.signals.some(
        ({ kind, ...more }) => kind === 'settled' && 'outcome' in more && more.outcome === 'lost',
      ),
    );
    await eventually('all are settled', () => scene.isSettled());
    expect(seen).toEqual(['a 1', 'a 2', 'a 1']);
    expect(await published(scene)).toEqual(['1']);
    await expectNothingLeft(scene);
  });

  it('is removed with its group', async () => {
    const scene = await open();
    const process = await scene.start(inHours);
    await scene.append('a', 'b');
    await untilWaiting(scene, 2);
    await process.close();
    await scene.commands.xgroup('DESTROY', scene.journal, scene.group);
    await scene.commands.xgroup('CREATE', scene.journal, scene.group, '$');
    // As if it had been silent for long.
    for (const key of await scene.commands.zrangebyscore('runstream:consumers', '-inf', '+inf'))
      if (key.includes(scene.group)) await scene.commands.zrem('runstream:consumers', key);
    const operator = await startConsumers([], { consumer: { enabled: false } });
    try {
      await operator.app.get(GroupControl).remove(scene.tenant, scene.group);
    } finally {
      await operator.close();
    }
    const { due, entries } = scene.keys.later;
    expect(await scene.commands.exists(due, entries)).toBe(0);
  });
});
