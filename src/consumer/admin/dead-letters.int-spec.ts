import { afterEach, describe, expect, it } from '@jest/globals';
import { startConsumers } from '../../../test/support/consumer.js';
import {
  completed,
  createTestStore,
  line,
  type TestStore,
  uniqueTenant,
} from '../../../test/support/event-store.js';
import { eventually } from '../../../test/support/eventually.js';
import type { RecordedEvent } from '../../events/index.js';
import { DeadLetters } from './dead-letters.js';
import { EventHandler } from '../handler/event-handler.decorator.js';
import type { Handler, HandlerContext } from '../handler/handler.js';
import { HandlerResult } from '../handler/handler-result.js';

describe('Dead letters', () => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()));
  });

  async function start(
    handlers: (new () => Handler)[],
  ): Promise<{ store: TestStore; letters: DeadLetters; run: string; buried: (n: number) => Promise<void> }> {
    const store = await createTestStore();
    open.push(store);
    const consumers = await startConsumers(handlers, {
      consumer: { tenants: [store.tenant] },
    });
    open.push(consumers);
    const letters = consumers.app.get(DeadLetters);
    return {
      store,
      letters,
      run: await store.createRun(),
      buried: (n) =>
        eventually(
          `${n} are dead-lettered`,
          async () => (await letters.list(store.tenant, {}, 1000)).letters.length === n,
        ),
    };
  }

  /** Fails until it is healed; tells what it was given. */
  function failing(group: string): { Failing: new () => Handler; heal: () => void; seen: string[] } {
    let broken = true;
    const seen: string[] = [];
    @EventHandler({
      group,
      types: ['log.*', 'system.*'],
      from: 'start',
      maxAttempts: 2,
      backoff: { initialMs: 10 },
    })
    class Failing implements Handler {
      handle(event: RecordedEvent, { attempt }: HandlerContext): HandlerResult {
        seen.push(`${String(event.data['line'])} ${attempt}`);
        if (broken) throw new Error('out of order');
        return HandlerResult.success();
      }
    }
    return { Failing, seen, heal: () => (broken = false) };
  }

  it('shows the event, the error, the attempts and when it failed', async () => {
    const group = uniqueTenant();
    const { store, letters, run, buried } = await start([failing(group).Failing]);
    const { ids } = await store.store.append(store.tenant, run, [line('a', { metadata: { x: 1 } })]);
    await buried(1);
    const [letter] = (await letters.list(store.tenant, { group }, 10)).letters;
    expect(letter).toMatchObject({
      group,
      runId: run,
      error: 'out of order',
      attempts: 2,
      event: { id: ids[0], run_id: run, tenant_id: store.tenant, data: { line: 'a' }, metadata: { x: 1 } },
    });
    expect(letter?.id).toMatch(new RegExp(`^${group}\\.\\d+-\\d+$`));
    expect(letter?.lastFailureAt).toBeGreaterThanOrEqual(letter?.firstFailureAt ?? NaN);
    expect((await letters.list(uniqueTenant(), {}, 10)).letters).toEqual([]);
  });

  it('T51 a redriven event runs again, in its group alone, once however often it is redriven', async () => {
    const [group, other] = [uniqueTenant(), uniqueTenant()];
    const [one, two] = [failing(group), failing(other)];
    const { store, letters, run, buried } = await start([one.Failing, two.Failing]);
    // With a key of the producer's, so that there are done markers.
    await store.store.append(store.tenant, run, [line('a', { idempotency_key: 'k' })]);
    await buried(2);
    one.heal();
    two.heal();
    const [letter] = (await letters.list(store.tenant, { group }, 10)).letters;
    const id = letter?.id ?? '';
    const tries = await Promise.allSettled(
      Array.from({ length: 10 }, () => letters.redrive(store.tenant, id)),
    );
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await eventually('it is handled', () => one.seen.length === 3);
    await expect(letters.redrive(store.tenant, id)).rejects.toMatchObject({ code: 'DEAD_LETTER_NOT_FOUND' });
    // A later event, handled, shows that nothing else was on its way.
    await store.store.append(store.tenant, run, [line('b')]);
    await eventually('both have seen it', () => one.seen.at(-1) === 'b 1' && two.seen.at(-1) === 'b 1');
    // Attempts start afresh.
    expect(one.seen).toEqual(['a 1', 'a 2', 'a 1', 'b 1']);
    expect(two.seen).toEqual(['a 1', 'a 2', 'b 1']);
    expect((await letters.list(store.tenant, {}, 10)).letters.map((left) => left.group)).toEqual([other]);
    const { redrive } = store.store.keys.group(store.tenant, 0, group);
    expect(await store.redis.commands.xlen(redrive)).toBe(0);
  });

  it('a redriven event that dies again keeps its place in the journal', async () => {
    const group = uniqueTenant();
    const { store, letters, run, buried } = await start([failing(group).Failing]);
    await store.store.append(store.tenant, run, [line('a')]);
    await buried(1);
    const [before] = (await letters.list(store.tenant, {}, 10)).letters;
    await letters.redrive(store.tenant, before?.id ?? '');
    await eventually('it is back', async () => {
      const [after] = (await letters.list(store.tenant, {}, 10)).letters;
      return after !== undefined && after.id !== before?.id;
    });
    const [after] = (await letters.list(store.tenant, {}, 10)).letters;
    expect(after).toMatchObject({ entryId: before?.entryId, event: { data: { line: 'a' } }, attempts: 2 });
  });

  it('redrives many, by type, up to a limit, oldest first', async () => {
    const group = uniqueTenant();
    const one = failing(group);
    const { store, letters, run, buried } = await start([one.Failing]);
    const warning = { event: { category: 'system', action: 'warning' }, data: { line: 'w' } };
    for (const event of [line('a'), warning, line('b'), line('c')]) {
      const before = (await letters.list(store.tenant, {}, 100)).letters.length;
      await store.store.append(store.tenant, run, [event]);
      await buried(before + 1);
    }
    one.heal();
    one.seen.length = 0;
    expect(await letters.redriveAll(store.tenant, group, 2, 'log.*')).toEqual({ redriven: 2, trimmed: 0 });
    await eventually('two are handled', () => one.seen.length === 2);
    expect(one.seen).toEqual(['a 1', 'b 1']);
    expect(await letters.redriveAll(store.tenant, group, 100)).toEqual({ redriven: 2, trimmed: 0 });
    await eventually('all are handled', () => one.seen.length === 4);
    await expect(letters.redriveAll(store.tenant, 'nobody', 1)).rejects.toMatchObject({
      code: 'GROUP_NOT_FOUND',
    });
  });

  it('pages through all groups without skipping or repeating, with a filter too', async () => {
    const groups = [uniqueTenant(), uniqueTenant(), uniqueTenant()];
    const { store, letters, run, buried } = await start(groups.map((group) => failing(group).Failing));
    const warning = { event: { category: 'system', action: 'warning' }, data: { line: 'w' } };
    await store.store.append(
      store.tenant,
      run,
      Array.from({ length: 40 }, (_, n) => (n % 10 === 3 ? warning : line(`${n}`))),
    );
    await buried(120);
    const all = (await letters.list(store.tenant, {}, 1000)).letters.map(({ id }) => id);
    expect(new Set(all).size).toBe(120);
    const pageThrough = async (limit: number, filter = {}): Promise<string[]> => {
      const ids: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await letters.list(store.tenant, filter, limit, cursor);
        expect(page.letters.length).toBeLessThanOrEqual(limit);
        ids.push(...page.letters.map(({ id }) => id));
        cursor = page.next;
      } while (cursor !== undefined);
      return ids;
    };
    for (const limit of [1, 7, 40, 119, 120, 121]) expect(await pageThrough(limit)).toEqual(all);
    expect(await pageThrough(5, { group: groups[1] })).toEqual(
      all.filter((id) => id.startsWith(`${groups[1]}.`)),
    );
    expect(await pageThrough(5, { type: 'system.*' })).toHaveLength(12);
    expect((await letters.list(store.tenant, {}, 120)).next).toBeUndefined();
  });

  it('one whose event was trimmed can be deleted, not redriven', async () => {
    const group = uniqueTenant();
    const store = await createTestStore();
    open.push(store);
    const run = await store.createRun();
    await store.store.append(store.tenant, run, [line('a')]);
    const { journal } = store.store.keys.partition(store.tenant, 0);
    const { commands } = store.redis;
    await commands.xgroup('CREATE', journal, group, '0');
    await commands.xreadgroup('GROUP', group, 'gone', 'COUNT', 2, 'STREAMS', journal, '>');
    await commands.xtrim(journal, 'MAXLEN', 0);
    const consumers = await startConsumers([failing(group).Failing], {
      consumer: { tenants: [store.tenant], overrides: { leaseMs: 300 } },
    });
    open.push(consumers);
    const letters = consumers.app.get(DeadLetters);
    await eventually(
      'they are dead-lettered',
      async () => (await letters.list(store.tenant, {}, 10)).letters.length === 2,
    );
    const [letter] = (await letters.list(store.tenant, {}, 10)).letters;
    expect(letter).toMatchObject({ event: undefined, runId: undefined });
    await expect(letters.redrive(store.tenant, letter?.id ?? '')).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
    });
    expect(await letters.redriveAll(store.tenant, group, 10)).toEqual({ redriven: 0, trimmed: 2 });
    await letters.delete(store.tenant, letter?.id ?? '');
    await expect(letters.delete(store.tenant, letter?.id ?? '')).rejects.toMatchObject({
      code: 'DEAD_LETTER_NOT_FOUND',
    });
    await letters.deleteAll(store.tenant, group);
    expect((await letters.list(store.tenant, {}, 10)).letters).toEqual([]);
  });

  it('T32 what one group has done, another does not skip', async () => {
    const [group, other] = [uniqueTenant(), uniqueTenant()];
    const [one, two] = [failing(group), failing(other)];
    one.heal();
    const { store, run, buried } = await start([one.Failing, two.Failing]);
    await store.store.append(store.tenant, run, [line('a', { idempotency_key: 'k' }), completed()]);
    await buried(1);
    expect([one.seen, two.seen]).toEqual([['a 1'], ['a 1', 'a 2']]);
  });
});
