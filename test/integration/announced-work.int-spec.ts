import { afterEach, beforeEach, describe, it } from '@jest/globals';
import { createTestStore, line, type TestStore, uniqueTenant } from '../support/event-store.js';
import { eventually } from '../support/eventually.js';
import { DispatchStore, RunSweep } from '../../src/event-store/index.js';
import { BUCKETS } from '../../src/stream-consumer/buckets.js';
import { WORK_KEYS } from '../../src/stream-consumer/work-keys.js';
import { type Effect, publishEffect, startEffect } from '../../src/consumer/delivery/effects.js';
import { GroupSource } from '../../src/consumer/group/group-source.js';
import { partitionOf } from '../../src/stream-consumer/index.js';

const CONTEXT = {
  session_id: null,
  epic_id: null,
  task_id: null,
  git_sha: null,
  mode: null,
  artifact_paths: [],
};

describe('Whoever makes something visible says so', () => {
  let test: TestStore;
  let heard: string[];
  beforeEach(async () => {
    test = await createTestStore();
    heard = [];
    const { redis } = test;
    const receive = (text: string): void => void heard.push(...text.split('\n'));
    for (const bucket of BUCKETS)
      await redis.channels.subscribe(redis.channel(WORK_KEYS.channel(bucket)), { receive });
  });
  afterEach(() => test.close());

  const saysOf = async (expected: string, work: () => Promise<unknown>): Promise<void> => {
    heard = [];
    await work();
    await eventually(`somebody says "${expected}"`, () => heard.includes(expected));
  };
  const journal = (): string => `journal ${test.tenant}.0`;

  it('T244 who creates a run, and who appends to it', async () => {
    let run = '';
    await saysOf(journal(), async () => (run = await test.createRun()));
    await saysOf(journal(), () => test.store.append(test.tenant, run, [line('a')]));
    await saysOf(`dispatch:command ${test.tenant}.0`, () => test.createRun('command'));
  });

  it('T244 who takes a run up, and who gives it back', async () => {
    const source = { tenantId: test.tenant, executor: 'command' };
    const dispatch = test.app.get(DispatchStore);
    await test.createRun('command');
    await dispatch.ensureGroup(source);
    const [entry] = await dispatch.take(source, 'one', 1);
    const terms = { consumer: 'one', leaseMs: 10_000, patient: true, onLost: () => line('lost') };
    await saysOf(journal(), () => dispatch.takeUp(entry!, terms)());
    await saysOf(`dispatch:command ${test.tenant}.0 executor:command`, () => dispatch.release(entry!, 'one'));
  });

  it('T244 who ends a run of which nobody has the executor any more', async () => {
    const runId = await test.createRun('command');
    const lapsed = { runId, executor: 'command', lapsedMs: 1 };
    const ended = { event: { category: 'lifecycle', action: 'failed' }, data: { error: 'x' } };
    await saysOf(journal(), () => test.app.get(RunSweep).endAbandoned(test.tenant, lapsed, 0, ended));
  });

  it.each([
    ['publishes', (): string => journal()],
    ['starts a run', (): string => `dispatch:command ${test.tenant}.0`],
  ])('T244 a handler that %s', async (what, expected) => {
    const group = uniqueTenant();
    const run = await test.createRun();
    const source = new GroupSource(partitionOf(test.tenant), 'journal', test.redis.commands, test.store, {
      group,
      consumer: 'one',
      leaseMs: 60_000,
      maxAttempts: 3,
      ownership: undefined,
      handler: '',
      signals: test.signals,
    });
    await source.ensureGroup('0');
    const { entry, begun } = (await source.take(1)).entries[0]!;
    const effect: Effect =
      what === 'publishes'
        ? publishEffect(test.store, run, { type: 'log.stdout', data: { line: 'b' } })
        : startEffect(test.store, {
            executor: 'command',
            task: 't',
            input: {},
            labels: {},
            context: CONTEXT,
          });
    const outcome = {
      ...begun!,
      entry,
      kind: 'ok' as const,
      delayMs: 0,
      error: '',
      effects: [effect],
    };
    await saysOf(expected(), () => source.settle([outcome], uniqueTenant()));
    await saysOf(`journal ${test.tenant}.0 group:${group}`, () => source.handBack([entry.id]));
  });
});
