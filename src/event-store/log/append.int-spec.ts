import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  appendLines,
  completed,
  createTestStore,
  line,
  type TestStore,
  upTo,
} from '../../../test/support/event-store.js';
import {
  FenceLostError,
  IdempotencyConflictError,
  RunEndedError,
  RunHasExecutorError,
  RunNotFoundError,
  SequenceConflictError,
  ValidationFailedError,
} from '../../common/index.js';
import { compareEventIds, type EventInput, readRunContext, type RecordedEvent } from '../../events/index.js';
import { newRunId } from './runs/run-id.js';

const cancelled: EventInput = { event: { category: 'lifecycle', action: 'cancelled' } };
const stream = (content: string): EventInput => ({
  event: { category: 'llm', action: 'stream' },
  data: { content },
});

describe('Appending', () => {
  let a: TestStore;
  let b: TestStore;
  beforeAll(async () => {
    a = await createTestStore();
    b = await createTestStore({ tenant: a.tenant });
  });
  afterAll(async () => {
    await a.close();
    await b.close();
  });

  async function logOf(run: string, store = a): Promise<RecordedEvent[]> {
    const page = await store.store.read(store.tenant, run, { limit: 100_000, maxBytes: 1e9 });
    return page.events.map((event) => JSON.parse(event.json.toString()) as RecordedEvent);
  }
  const sequencesOf = async (run: string) => (await logOf(run)).map((event) => event.sequence);

  it('T08 gives ids that only grow, also when the clock goes back', async () => {
    const run = await a.createRun();
    const keys = a.store.keys.run(a.tenant, run);
    const { journalLast, journal } = a.store.keys.partitionOf(a.tenant, run);
    await appendLines(a, run, 12);
    const ahead = Date.now() + 3_600_000;
    await a.redis.commands.hset(keys.run, 'last_ms', ahead);
    const [, n] = ((await a.redis.commands.get(journalLast)) ?? '').split('-');
    await a.redis.commands.set(journalLast, `${ahead + 5}-${n}`);
    await appendLines(a, run, 3);
    const page = await a.store.read(a.tenant, run);
    const positions = page.events.map((event) => event.position);
    expect(positions.map(({ sequence }) => sequence)).toEqual(upTo(16));
    expect(positions.slice(13, 16).map(({ ms }) => ms)).toEqual([ahead, ahead, ahead]);
    expect([...positions].sort(compareEventIds)).toEqual(positions);
    const entries = (await a.redis.commands.xrevrange(journal, '+', '-', 'COUNT', 1)).map(([id]) => id);
    expect(entries).toEqual([`${ahead + 5}-${Number(n) + 3}`]);
    await a.redis.commands.del(journal, journalLast);
  });

  it('T67 goes on behind the journal’s last entry when the key that names it is lost', async () => {
    const own = await createTestStore();
    try {
      const run = await own.createRun();
      await appendLines(own, run, 4);
      const { journal, journalLast } = own.store.keys.partitionOf(own.tenant, run);
      await own.redis.commands.del(journalLast);
      await appendLines(own, run, 2);
      const entries = await own.redis.commands.xrange(journal, '-', '+');
      expect(entries.map(([id]) => Number(id.split('-')[1]))).toEqual(upTo(7));
      expect((await logOf(run, own)).map((event) => event.id)).toEqual(
        entries.map(([, fields]) => fields[3]),
      );
    } finally {
      await own.close();
    }
  });

  it('T24 from many places at once leaves the sequence without a hole, in log and journal', async () => {
    const run = await a.createRun();
    const results = await Promise.all(
      upTo(200).map((n) =>
        (n % 2 ? a : b).store.append(a.tenant, run, [line(`${n}`), stream('x'), line('second')]),
      ),
    );
    const log = await logOf(run);
    expect(log.map((event) => event.sequence)).toEqual(upTo(601));
    const ids = new Map(log.map((event) => [event.id, event]));
    for (const [i, result] of results.entries()) {
      const events = result.ids.map((id) => ids.get(id));
      expect(events?.map((event) => event?.data)).toEqual([
        { line: `${i + 1}` },
        { content: 'x' },
        { line: 'second' },
      ]);
      const [first = 0, , third = 0] = events?.map((event) => event?.sequence ?? 0) ?? [];
      expect(third - first).toBe(2);
    }
    // The journal: the same order, its own numbers, and without the token-level types.
    const journal = await a.redis.commands.xrange(a.store.keys.partitionOf(a.tenant, run).journal, '-', '+');
    const mine = journal.filter(([, fields]) => fields[1] === run).map(([, fields]) => fields[3]);
    const expected = log.filter(({ event }) => event.category !== 'llm').map((event) => event.id);
    expect(mine).toEqual(expected);
    const numbers = journal.map(([id]) => Number(id.split('-')[1]));
    expect(numbers).toEqual(upTo(numbers.length, numbers[0]));
    const { events, sequence } = await a.runs.get(a.tenant, run);
    expect(sequence).toBe(601);
    expect(events).toEqual({ 'lifecycle.started': 1, 'log.stdout': 400, 'llm.stream': 200 });
  });

  it('T25 of two terminal events that race exactly one wins, and nothing follows it', async () => {
    for (let round = 0; round < 30; round++) {
      const run = await a.createRun();
      const late = a.store.append(a.tenant, run, [line('output')]).catch((error: unknown) => error);
      const outcomes = await Promise.allSettled([
        a.store.append(a.tenant, run, [round % 2 ? cancelled : completed(1)]),
        b.store.append(a.tenant, run, [round % 2 ? completed(1) : cancelled]),
      ]);
      await late;
      const lost = outcomes.filter((outcome) => outcome.status === 'rejected');
      expect(lost).toHaveLength(1);
      expect(lost[0]?.reason).toBeInstanceOf(RunEndedError);
      const log = await logOf(run);
      const terminal = log.filter(({ event }) => ['completed', 'cancelled'].includes(event.action));
      expect(terminal).toEqual([log.at(-1)]);
      const record = await a.runs.get(a.tenant, run);
      expect(record.status).toBe(terminal[0]?.event.action);
      expect(record.result).toBe(record.status === 'completed' ? 1 : null);
      await expect(a.store.append(a.tenant, run, [line('more')])).rejects.toThrow(RunEndedError);
    }
  });

  it('T25 a terminal event may only be the last of a batch', async () => {
    const run = await a.createRun();
    for (const batch of [
      [completed(), line('after')],
      [completed(), cancelled],
      [line('a'), completed(), line('b')],
    ]) {
      await expect(a.store.append(a.tenant, run, batch)).rejects.toThrow(ValidationFailedError);
    }
    expect(await sequencesOf(run)).toEqual([1]);
    expect((await a.runs.get(a.tenant, run)).status).toBe('running');
  });

  it('T27 the end of one agent does not end the run', async () => {
    const run = await a.createRun();
    const ofAgent = { ...completed('mine'), source: { agent_id: 'a1' } };
    await a.store.append(a.tenant, run, [ofAgent, line('more'), ofAgent, completed('all')]);
    const record = await a.runs.get(a.tenant, run);
    expect(record).toMatchObject({ status: 'completed', result: 'all', sequence: 5 });
    expect(record.events).toMatchObject({ 'lifecycle.completed': 3 });
  });

  it('T28 trimming keeps at least the newest, and forgets keys with their events', async () => {
    const short = await createTestStore({ maxLength: 200 });
    try {
      const run = await short.createRun();
      for (let n = 0; n < 20; n++) {
        const batch = upTo(1000).map((i) => line('x', { idempotency_key: `${n}.${i}` }));
        await short.store.append(short.tenant, run, batch);
      }
      const { length, last } = await short.store.info(short.tenant, run);
      expect(length).toBeGreaterThanOrEqual(200);
      expect(length).toBeLessThan(1000);
      expect(last).toMatch(/-20001$/);
      const log = await logOf(run, short);
      expect(log.map((event) => event.sequence)).toEqual(upTo(20_001, 20_002 - length));
      const keys = await short.redis.commands.hlen(short.store.keys.run(short.tenant, run).idempotencyKeys);
      expect(keys).toBeLessThan(6000);
      const again = upTo(1000, 801).map((i) => line('x', { idempotency_key: `19.${i}` }));
      expect(await short.store.append(short.tenant, run, again)).toMatchObject({ count: 0, duplicates: 200 });
    } finally {
      await short.close();
    }
  });

  it('T29 an event whose key the run has is answered with its first id', async () => {
    const run = await a.createRun();
    const keyed = (key: string) => line(key, { idempotency_key: key });
    const first = await a.store.append(a.tenant, run, [keyed('a'), keyed('b'), keyed('a')]);
    expect(first).toMatchObject({ count: 2, duplicates: 1, ids: [first.ids[0], first.ids[1], first.ids[0]] });
    const again = await b.store.append(a.tenant, run, [
      keyed('b'),
      line('new'),
      keyed('a'),
      keyed('constructor'),
    ]);
    expect(again).toMatchObject({ count: 2, duplicates: 2 });
    expect([again.ids[0], again.ids[2]]).toEqual([first.ids[1], first.ids[0]]);
    expect(await sequencesOf(run)).toEqual(upTo(5));
    const concurrent = await Promise.all(upTo(20).map(() => b.store.append(a.tenant, run, [keyed('c')])));
    expect(concurrent.reduce((sum, { count }) => sum + count, 0)).toBe(1);
    expect(new Set(concurrent.flatMap(({ ids }) => ids)).size).toBe(1);
  });

  it('T29 a request that comes again gets its first answer; another one under its key is refused', async () => {
    const run = await a.createRun();
    const request = { key: `key ${run}`, fingerprint: 'one' };
    const first = await a.store.append(a.tenant, run, [line('x'), line('y')], { request });
    const again = await b.store.append(a.tenant, run, [line('x'), line('y')], { request });
    expect(again).toEqual({ ...first, replayed: true });
    const other = { ...request, fingerprint: 'two' };
    await expect(a.store.append(a.tenant, run, [line('z')], { request: other })).rejects.toThrow(
      IdempotencyConflictError,
    );
    expect(await sequencesOf(run)).toEqual([1, 2, 3]);
  });

  it('T29 a run that is created again under the same key is the same run', async () => {
    const run = { executor: 'external', task: 'once', input: {}, labels: {}, context: readRunContext(null) };
    const request = { key: 'create', fingerprint: 'one' };
    const made = await Promise.all(upTo(10).map((n) => (n % 2 ? a : b).runs.create(a.tenant, run, request)));
    expect(new Set(made.map((answer) => answer.run.id)).size).toBe(1);
    expect(made.filter((answer) => !answer.replayed)).toHaveLength(1);
    await expect(a.runs.create(a.tenant, run, { ...request, fingerprint: 'two' })).rejects.toThrow(
      IdempotencyConflictError,
    );
    const { runs } = await a.runs.list(a.tenant, {}, 1000);
    expect(runs.filter(({ task }) => task === 'once')).toHaveLength(1);
  });

  it('T30 a batch with one bad event is not stored at all', async () => {
    const run = await a.createRun();
    const bad = [line('x'), line('y', { timestamp: 'never' }), line('z')];
    await expect(a.store.append(a.tenant, run, bad)).rejects.toMatchObject({
      violations: [expect.objectContaining({ path: '[1].timestamp' })],
    });
    expect(await sequencesOf(run)).toEqual([1]);
  });

  it('T33 the same key in two runs is two events', async () => {
    const [one, two] = [await a.createRun(), await a.createRun()];
    for (const run of [one, two]) {
      const { count } = await a.store.append(a.tenant, run, [line('x', { idempotency_key: 'same' })]);
      expect(count).toBe(1);
      expect(await sequencesOf(run)).toEqual([1, 2]);
    }
  });

  it('T65 the retry of a terminal append, or of one with an expected sequence, is a duplicate', async () => {
    const run = await a.createRun();
    const batch = [line('x', { idempotency_key: 'x' }), { ...completed(), idempotency_key: 'end' }];
    const first = await a.store.append(a.tenant, run, batch, { expectedSequence: 1 });
    const again = await a.store.append(a.tenant, run, batch, { expectedSequence: 1 });
    expect(again).toEqual({ count: 0, duplicates: 2, ids: first.ids, replayed: false });
    await expect(a.store.append(a.tenant, run, [...batch.slice(0, 1), line('new')])).rejects.toThrow(
      RunEndedError,
    );

    const other = await a.createRun();
    const request = { key: `end ${other}`, fingerprint: 'end' };
    const answer = await a.store.append(a.tenant, other, [completed()], { request, expectedSequence: 1 });
    expect(await a.store.append(a.tenant, other, [completed()], { request, expectedSequence: 1 })).toEqual({
      ...answer,
      replayed: true,
    });
  });

  it('refuses a sequence, a fence, a run and an executor that are not as expected', async () => {
    const run = await a.createRun('later');
    const append = (options: object) => a.store.append(a.tenant, run, [line('x')], options);
    await expect(append({ expectedSequence: 1 })).rejects.toMatchObject({ sequence: 0 });
    await expect(append({ expectedSequence: 1 })).rejects.toThrow(SequenceConflictError);
    const fence = await a.takeUp(run, 'later');
    await expect(append({ fence: (fence ?? 0) - 1 })).rejects.toThrow(FenceLostError);
    await append({ fence, expectedSequence: 1 });
    await expect(a.store.append(a.tenant, run, [completed()], { fromOutside: true })).rejects.toThrow(
      RunHasExecutorError,
    );
    await expect(a.store.append(a.tenant, newRunId(), [line('x')])).rejects.toThrow(RunNotFoundError);
    await expect(a.store.append('another', run, [line('x')])).rejects.toThrow(RunNotFoundError);
    expect(await sequencesOf(run)).toEqual([1, 2]);
  });

  it('T21 T64 gives back any data as it came, up to 1 MiB', async () => {
    const run = await a.createRun();
    const values = [
      {},
      { text: 'a\nb\r\nc\u2028\u2029\0 😀\ud800\ndata: x\n\n' },
      JSON.parse('{"constructor":{"a":1},"__proto__":{"b":2},"toString":"x"}') as Record<string, unknown>,
      { large: 2 ** 53 - 1, small: 5e-324, most: Number.MAX_VALUE, list: [[], {}, null, false] },
      { x: 'x'.repeat(1024 * 1024 - '{"x":""}'.length) },
      { x: '😀'.repeat((1024 * 1024 - '{"x":""}'.length) / 4) },
    ];
    for (const data of values) await a.store.append(a.tenant, run, [line('', { data, metadata: data })]);
    const log = await logOf(run);
    for (const [i, data] of values.entries()) {
      expect(JSON.stringify(log[i + 1]?.data) === JSON.stringify(data)).toBe(true);
      expect(JSON.stringify(log[i + 1]?.metadata ?? {}) === JSON.stringify(data)).toBe(true);
    }
  });
});
