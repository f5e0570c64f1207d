import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startConsumers, type TestConsumers } from '../../../test/support/consumer.js';
import { createTestStore, line, type TestStore, uniqueTenant } from '../../../test/support/event-store.js';
import { eventually } from '../../../test/support/eventually.js';
import { spreadOver } from '../../../test/support/partitions.js';
import { partitionOfRun } from '../../event-store/index.js';
import type { RecordedEvent } from '../../events/index.js';
import { DeadLetters } from '../admin/dead-letters.js';
import { GroupControl } from '../admin/group-control.js';
import { GroupCatalog } from '../admin/group-info.js';
import { PendingEntries } from '../admin/pending-entries.js';
import { EventHandler } from '../handler/event-handler.decorator.js';
import type { Handler, HandlerContext } from '../handler/handler.js';

const SPREAD = 4;

describe('T288 the groups of a tenant with several partitions', () => {
  let store: TestStore;
  let runs: string[];
  let group: string;
  const open: { close(): Promise<void> }[] = [];
  beforeEach(async () => {
    group = uniqueTenant();
    store = await createTestStore();
    runs = [await store.createRun()];
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()));
    await store.close();
  });

  /** Runs in all of them. */
  const spreadRuns = async (): Promise<void> => {
    await spreadOver(store, SPREAD);
    while (new Set(runs.map(partitionOfRun)).size < SPREAD) runs.push(await store.createRun());
  };
  const start = async (handler: new () => Handler): Promise<TestConsumers> => {
    const consumers = await startConsumers([handler], { consumer: { tenants: [store.tenant] } });
    open.push(consumers);
    await consumers.store.partitions.refresh();
    return consumers;
  };
  const say = async (texts: readonly string[]): Promise<void> => {
    for (const text of texts)
      await Promise.all(runs.map((run) => store.store.append(store.tenant, run, [line(text)])));
  };
  const told = ({ run_id, data }: RecordedEvent): string => `${run_id} ${String(data['line'])}`;

  it.each(['none', 'run'] as const)(
    'handle all events, also of partitions that come later, with the ordering %s and two processes',
    async (ordering) => {
      const seen: string[] = [];
      @EventHandler({ group, types: ['log.stdout'], from: 'start', ordering, leaseMs: 3000 })
      class Collect implements Handler {
        handle(event: RecordedEvent): Promise<void> {
          seen.push(told(event));
          return Promise.resolve();
        }
      }
      await start(Collect);
      await start(Collect);
      await say(['before']);
      await spreadRuns();
      const texts = Array.from({ length: 20 }, (_, n) => `${n}`);
      await say(texts);
      const all = [`${runs[0]!} before`, ...runs.flatMap((run) => texts.map((text) => `${run} ${text}`))];
      await eventually('all are handled', () => seen.length >= all.length);
      expect([...seen].sort()).toEqual(all.sort());
      if (ordering === 'none') return;
      for (const run of runs) {
        const ofRun = seen.filter((one) => one.startsWith(run) && !one.endsWith('before'));
        expect(ofRun).toEqual(texts.map((text) => `${run} ${text}`));
      }
    },
  );

  it('write their effects to the partition of what they handle, and to no other', async () => {
    const started: string[] = [];
    const refused: string[] = [];
    @EventHandler({ group, types: ['log.stdout'], from: 'start' })
    class Answer implements Handler {
      handle(event: RecordedEvent, context: HandlerContext): Promise<void> {
        const other = runs.find((run) => partitionOfRun(run) !== partitionOfRun(event.run_id))!;
        try {
          context.publish(other, { type: 'log.stderr', data: { line: 'no' } });
        } catch (error) {
          refused.push(String(error));
        }
        context.publish(event.run_id, { type: 'log.stderr', data: { line: 'yes' } });
        started.push(context.startRun({ task: 'next', key: 'a line of runs' }));
        return Promise.resolve();
      }
    }
    await spreadRuns();
    await start(Answer);
    await say(['x']);
    await eventually('the runs are there', async () => {
      const page = await store.runs.list(store.tenant, { key: 'a line of runs' }, 100);
      return page.runs.length === runs.length;
    });
    expect(started.map(partitionOfRun).sort()).toEqual(runs.map(partitionOfRun).sort());
    for (const run of runs)
      expect((await store.store.read(store.tenant, run)).events.map(({ type }) => type)).toContain(
        'log.stderr',
      );
    expect(refused).toHaveLength(runs.length);
    expect(refused[0]).toContain('is in another partition than the event that is handled');
  });

  it('are seen, paused, resumed, replayed and removed as one', async () => {
    const seen: string[] = [];
    let failing = true;
    @EventHandler({ group, types: ['log.stdout'], from: 'start', maxAttempts: 1 })
    class Fail implements Handler {
      handle(event: RecordedEvent): Promise<void> {
        if (failing) return Promise.reject(new Error('no luck'));
        seen.push(told(event));
        return Promise.resolve();
      }
    }
    const { app } = await start(Fail);
    const [control, catalog, letters] = [app.get(GroupControl), app.get(GroupCatalog), app.get(DeadLetters)];
    await store.store.append(store.tenant, runs[0]!, [line('first')]);
    await eventually('it is dead', async () => (await catalog.get(store.tenant, group)).deadLetters === 1);
    // What is paused is paused in what comes later.
    await control.pause(store.tenant, group);
    await spreadRuns();
    await app.get(GroupControl)['store'].partitions.refresh();
    await say(['second']);
    const info = () => catalog.get(store.tenant, group);
    await eventually('all of it waits', async () => {
      const { lag, pending, isPaused } = await info();
      // Each run has its first event beside it, which the handler does not want.
      return isPaused && lag + pending >= 2 * runs.length - 1;
    });
    expect((await info()).deadLetters).toBe(1);
    await control.resume(store.tenant, group);
    await eventually('all is dead', async () => (await info()).deadLetters === runs.length + 1);
    expect(await info()).toMatchObject({ isPaused: false, lag: 0 });

    const ids: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await letters.list(store.tenant, { group }, 2, cursor);
      ids.push(...page.letters.map(({ id }) => id));
      cursor = page.next;
    } while (cursor !== undefined);
    expect(new Set(ids).size).toBe(runs.length + 1);
    expect(new Set(ids.map((id) => (id.split('.').length === 2 ? 0 : Number(id.split('.')[1]))))).toEqual(
      new Set([0, 1, 2, 3]),
    );
    failing = false;
    const one = ids.find((id) => id.startsWith(`${group}.3.`))!;
    await letters.redrive(store.tenant, one);
    await eventually('it is handled', () => seen.length === 1);
    await expect(letters.redrive(store.tenant, one)).rejects.toThrow();
    await letters.delete(
      store.tenant,
      ids.find((id) => id.startsWith(`${group}.1.`))!,
    );
    const rest = ids.length - 2;
    expect(await letters.redriveAll(store.tenant, group, 100)).toEqual({ redriven: rest, trimmed: 0 });
    await eventually('the rest is handled', () => seen.length === 1 + rest);

    seen.length = 0;
    await control.replay(store.tenant, group, new Date(0).toISOString());
    await eventually('all comes again', () => seen.length === runs.length + 1);
    expect(new Set(seen)).toEqual(new Set([`${runs[0]!} first`, ...runs.map((run) => `${run} second`)]));
  });

  it('tell what is pending partition by partition', async () => {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    @EventHandler({ group, types: ['log.stdout'], from: 'start', concurrency: 100 })
    class Hold implements Handler {
      handle(): Promise<void> {
        return released;
      }
    }
    await spreadRuns();
    const { app } = await start(Hold);
    await say(['x']);
    const pending = app.get(PendingEntries);
    const all = async (): Promise<string[]> => {
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await pending.list(store.tenant, group, 1, cursor);
        found.push(...page.entries.map(({ runId }) => runId ?? ''));
        cursor = page.next;
      } while (cursor !== undefined);
      return found;
    };
    // What the group does not want is pending as well, until it is acknowledged.
    const wanted = [...runs].sort().join();
    await eventually('all are held, each once', async () => (await all()).sort().join() === wanted);
    await expect(pending.list(store.tenant, group, 1, '16._')).rejects.toThrow();
    release();
  });
});
