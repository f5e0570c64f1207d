import { describe, expect, it } from '@jest/globals';
import { completed } from '../../../test/support/event-store.js';
import { eventually } from '../../../test/support/eventually.js';
import {
  NOTHING_LEFT,
  SHORT_LEASE_MS,
  textsOf,
  workerScenes,
  type WorkerScene,
} from '../../../test/support/worker-scene.js';
import type { RecordedEvent } from '../../events/index.js';

const warning = (message: string) => ({ event: WARNING, data: { message } });
const WARNING = { category: 'system', action: 'warning' };

async function warningsOf({ store, tenant, run }: WorkerScene): Promise<unknown[]> {
  const { events } = await store.read(tenant, run);
  return events
    .filter(({ type }) => type === 'system.warning')
    .map(({ json }) => (JSON.parse(json.toString()) as RecordedEvent).data['message']);
}

describe('What workers say came of events', () => {
  const open = workerScenes();

  it('is answered the same when it is said again, in other company and to another process, and the first body counts', async () => {
    const scene = await open();
    const [one, other] = [await scene.server(), await scene.server()];
    await scene.append('a', 'b', 'c');
    const [a, b, c] = await one.take();
    if (!a || !b || !c) throw new Error('nothing was given');
    const publish = [{ runId: scene.run, event: warning('from a') }];
    const startRuns = [{ task: 'after a' }, { task: 'and this' }];
    const first = await one.settle({ ...a, publish, startRuns }, { ...b, outcome: 'fail', error: 'no' });
    expect(first).toEqual([
      { result: 'ok', runIds: [expect.stringMatching(/^r0_/), expect.stringMatching(/^r0_/)] },
      { result: 'dead', error: 'no' },
    ]);
    const other2 = {
      outcome: 'fail',
      error: 'another',
      publish: [{ runId: scene.run, event: warning('no') }],
    } as const;
    expect(await other.settle(c, { ...b, startRuns }, { ...a, ...other2 })).toEqual([
      { result: 'ok', runIds: [] },
      { result: 'dead', error: 'no' },
      first[0],
    ]);
    expect(await other.settle({ ...c, outcome: 'retry' }, { ...a, publish })).toEqual([
      { result: 'ok', runIds: [] },
      first[0],
    ]);
    expect(await warningsOf(scene)).toEqual(['from a']);
    expect(await scene.standing()).toEqual(NOTHING_LEFT);
    const ids = first[0]?.result === 'ok' ? first[0].runIds : [];
    const started = await Promise.all(ids.map((id) => scene.runs.get(scene.tenant, id)));
    expect(started.map((run) => run.task)).toEqual(['after a', 'and this']);
    const dead = await scene.commands.xrange(scene.keys.dead, '-', '+');
    expect(dead).toHaveLength(1);
  });

  it('is recorded once when it is said many times at once', async () => {
    const scene = await open();
    const servers = [await scene.server(), await scene.server(), await scene.server()];
    await scene.append('a');
    const [a] = await servers[0]!.take();
    if (!a) throw new Error('nothing was given');
    const said = {
      ...a,
      publish: [{ runId: scene.run, event: warning('once') }],
      startRuns: [{ task: 'once' }],
    };
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, i) => servers[i % 3]!.settle(said, said).then(([x, y]) => [x, y])),
    );
    const flat = answers.flat();
    expect(flat.every((answer) => JSON.stringify(answer) === JSON.stringify(flat[0]))).toBe(true);
    expect(await warningsOf(scene)).toEqual(['once']);
  });

  it('a failure is tried again after its wait, and is dead-lettered when there were too many', async () => {
    const scene = await open({ maxAttempts: 2, backoff: { initialMs: 40, maxMs: 40 } });
    const server = await scene.server();
    await scene.append('a');
    const [first] = await server.take();
    expect(await server.settle({ ...first!, outcome: 'retry', delayMs: 2000, error: 'soon' })).toEqual([
      { result: 'ok', runIds: [] },
    ]);
    const [entry] = (await server.pendingEntries.list(scene.tenant, scene.name, 10)).entries;
    expect(entry).toMatchObject({ state: 'delayed', lastError: 'soon', consumer: 'w', attempts: 1 });
    const { nextMs } = await server.groups.take(server.ref, 'w', 1);
    expect(nextMs).toBeGreaterThan(40);
    expect(nextMs).toBeLessThanOrEqual(2000);
    const [again] = await server.next();
    expect(again).toMatchObject({ id: first?.id, attempt: 2 });
    expect(again?.token).not.toBe(first?.token);
    expect(await server.settle({ ...again!, outcome: 'retry', error: 'never' })).toEqual([
      { result: 'dead', error: 'never' },
    ]);
    const { letters } = await server.letters.list(scene.tenant, { group: scene.name }, 10);
    expect(letters).toMatchObject([{ group: scene.name, error: 'never', attempts: 2 }]);
    expect(letters[0]?.id.startsWith(`${scene.name}.`)).toBe(true);
    await server.letters.redrive(scene.tenant, letters[0]!.id);
    const [redriven] = await server.next();
    expect(redriven).toMatchObject({ attempt: 1 });
    expect(textsOf([redriven!])).toEqual(['a']);
    expect(await server.settle(redriven!)).toMatchObject([{ result: 'ok' }]);
    expect(await scene.commands.xlen(scene.keys.redrive)).toBe(0);
    expect(await scene.standing()).toEqual(NOTHING_LEFT);
  });

  it('effects that can not be made are a failure, and no part of them is made', async () => {
    const scene = await open({ maxAttempts: 2 });
    const server = await scene.server();
    const ended = await scene.createRun();
    await scene.store.append(scene.tenant, ended, [completed()]);
    await scene.append('a');
    const bad = {
      publish: [
        { runId: scene.run, event: warning('not this') },
        { runId: ended, event: warning('nor this') },
      ],
    };
    const [first] = await server.take();
    const failed = await server.settle({ ...first!, ...bad });
    expect(failed).toEqual([{ result: 'failed', error: expect.stringContaining('has ended') }]);
    expect(await server.settle({ ...first! })).toEqual(failed);
    const [again] = await server.next();
    expect(await server.settle({ ...again!, ...bad })).toEqual([
      { result: 'dead', error: expect.stringContaining('has ended') },
    ]);
    expect(await warningsOf(scene)).toEqual([]);
    await scene.append('b', 'c');
    const [b, c] = await server.take();
    const elsewhere = [{ runId: scene.run.replace('r0_', 'r1_'), event: warning('x') }];
    const many = Array.from({ length: 101 }, () => ({ runId: scene.run, event: warning('x') }));
    expect(await server.settle({ ...b!, publish: elsewhere }, { ...c!, publish: many })).toEqual([
      { result: 'failed', error: expect.stringContaining('partition') },
      { result: 'failed', error: expect.stringContaining('at most 100') },
    ]);
    expect(await warningsOf(scene)).toEqual([]);
    // What is wrong by itself says where, and nothing is recorded.
    const [c2] = await server.next();
    await expect(
      server.settle(c2!, {
        ...c2!,
        publish: [{ runId: scene.run, event: { event: WARNING, data: 'text' } }],
      }),
    ).rejects.toMatchObject({
      violations: [{ path: expect.stringMatching(/^settlements\[1\]\.publish\[0\]/) }],
    });
    expect((await scene.standing()).pending).toBeGreaterThan(0);
  });

  it('whoever lost its lease makes no effects, and is told so each time', async () => {
    const scene = await open({ leaseMs: SHORT_LEASE_MS });
    const server = await scene.server();
    await scene.append('a');
    const [first] = await server.take(1, 'frozen');
    const [again] = await server.next(1, 'other');
    const publish = (message: string) => [{ runId: scene.run, event: warning(message) }];
    for (let i = 0; i < 2; i++)
      expect(await server.settle({ ...first!, publish: publish('late') })).toEqual([{ result: 'lost' }]);
    expect(await server.settle({ ...again!, publish: publish('in time') })).toMatchObject([{ result: 'ok' }]);
    expect(await server.settle({ ...first!, publish: publish('late') })).toEqual([{ result: 'lost' }]);
    expect(await warningsOf(scene)).toEqual(['in time']);
  });

  it('what is given back is given to others at once, and was no attempt', async () => {
    const scene = await open();
    const server = await scene.server();
    await scene.append('a', 'b');
    await server.groups.giveBack(server.ref, await server.take(10, 'gone'));
    const given = await server.take(10, 'here');
    expect(given.map(({ attempt }) => attempt)).toEqual([1, 1]);
    expect(textsOf(given).sort()).toEqual(['a', 'b']);
  });

  it('what was given is found again as long as it is held', async () => {
    const scene = await open();
    const [one, other] = [await scene.server(), await scene.server()];
    await scene.append('a', 'b');
    const given = await one.take();
    expect(await other.groups.again(other.ref, given)).toEqual(given);
    await one.settle(given[0]!);
    expect(await other.groups.again(other.ref, given)).toEqual(given.slice(1));
  });

  it('an event whose run was deleted meanwhile is in nobody’s way', async () => {
    const scene = await open({ leaseMs: SHORT_LEASE_MS });
    const server = await scene.server();
    const other = await scene.createRun();
    await scene.append('a');
    await server.settle(...(await server.take()));
    await scene.store.append(scene.tenant, other, [
      { event: { category: 'log', action: 'stdout' }, data: { line: 'x' } },
    ]);
    expect(textsOf(await server.take())).toEqual(['x']);
    await scene.store.delete(scene.tenant, other);
    await scene.append('b');
    expect(textsOf(await server.take())).toEqual(['b']);
    await eventually('x is dead-lettered', async () => {
      await server.take();
      return (await scene.commands.xlen(scene.keys.dead)) >= 1;
    });
  });
});
