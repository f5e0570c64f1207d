import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  appendLines,
  commandCalls,
  createTestStore,
  line,
  type TestStore,
  uniqueTenant,
  upTo,
} from '../../../test/support/event-store.js';
import { journalOf, watchJournal } from '../../../test/support/journal.js';
import { type RedisServer, startRedis } from '../../../test/support/redis.js';
import { eventually } from '../../../test/support/eventually.js';
import { upkeepKeys } from '../../../test/support/upkeep.js';
import { TENANTS_KEY } from '../log/keys.js';

const NEVER_MS = 3_600_000;
const { turn: TURN, walk: WALK } = upkeepKeys('journals');

describe('Trimming the journal', () => {
  // A server of its own: these limits are for every journal on it.
  let server: RedisServer;
  const open: TestStore[] = [];
  const createStore = async (journalMaxLength: number, more: object = {}): Promise<TestStore> => {
    const options = { url: server.url, journalMaxLength, journalTrimMs: NEVER_MS, heartbeatMs: NEVER_MS };
    const store = await createTestStore({ ...options, ...more });
    open.push(store);
    return store;
  };

  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(async () => {
    await Promise.all(open.map((store) => store.close()));
    await server.stop();
  });

  const journalKey = (a: TestStore) => a.store.keys.partition(a.tenant, 0).journal;
  const numbersIn = async (a: TestStore, key: string): Promise<number[]> =>
    (await a.redis.commands.xrange(key, '-', '+')).map(([id]) => Number(id.split('-')[1]));

  /** A group that has handled `handled` entries, holds `held` more, and was not given the rest. */
  async function createGroup(a: TestStore, handled: number, held: number): Promise<string> {
    const { commands } = a.redis;
    const group = uniqueTenant();
    await commands.xgroup('CREATE', journalKey(a), group, '0', 'MKSTREAM');
    const read = async (count: number) => {
      if (count === 0) return [];
      const reply = (await commands.xreadgroup(
        ...(['GROUP', group, 'one', 'COUNT', count, 'STREAMS', journalKey(a), '>'] as const),
      )) as [string, [string, string[]][]][];
      return (reply[0]?.[1] ?? []).map(([id]) => id);
    };
    const done = await read(handled);
    if (done.length > 0) await commands.xack(journalKey(a), group, ...done);
    await read(held);
    return group;
  }

  async function deadLetters(a: TestStore, group: string): Promise<Record<string, string>[]> {
    const entries = await a.redis.commands.xrange(a.store.keys.group(a.tenant, 0, group).dead, '-', '+');
    return entries.map(([, fields]) => {
      const letter: Record<string, string> = {};
      for (let i = 0; i < fields.length; i += 2) letter[fields[i] ?? ''] = fields[i + 1] ?? '';
      return letter;
    });
  }
  const numbersOf = (letters: Record<string, string>[]) =>
    letters.map(({ entry }) => Number(entry?.split('-')[1]));

  it('T49 within its length nothing goes, handled or not', async () => {
    const a = await createStore(1000);
    const run = await a.createRun();
    await appendLines(a, run, 999);
    const groups = [await createGroup(a, 1000, 0), await createGroup(a, 0, 10), await createGroup(a, 0, 0)];
    expect(await journalOf(a).trimmer.trim(a.tenant)).toEqual({ trimmed: 0, deadLettered: {} });
    expect(await a.redis.commands.xlen(journalKey(a))).toBe(1000);
    for (const group of groups) expect(await deadLetters(a, group)).toEqual([]);
  });

  it('T49 beyond it the oldest go, and what a group has not handled is in its dead letters first', async () => {
    const a = await createStore(400);
    const run = await a.createRun();
    await appendLines(a, run, 999);
    const [done, slow, dead] = [
      await createGroup(a, 1000, 0),
      await createGroup(a, 300, 200),
      await createGroup(a, 0, 0),
    ];
    const { trimmer } = journalOf(a);
    expect(await trimmer.trim(a.tenant)).toEqual({
      trimmed: 600,
      deadLettered: { [slow]: 300, [dead]: 600 },
    });
    expect(trimmer.statistics).toEqual({ trimmed: 600, deadLettered: 900 });
    expect(await numbersIn(a, journalKey(a))).toEqual(upTo(1000, 601));
    expect(await deadLetters(a, done)).toEqual([]);
    // 301 to 500 were pending, 501 to 600 had not been given out.
    const letters = await deadLetters(a, slow);
    expect(numbersOf(letters)).toEqual(upTo(600, 301));
    expect(numbersOf(await deadLetters(a, dead))).toEqual(upTo(600));
    // Body and all: it can be handled later.
    expect(letters[0]).toMatchObject({ r: run, t: 'log.stdout', attempts: '0' });
    expect(letters[0]?.['e']).toContain('line 299');
    expect(letters[0]?.['error']).toContain('JOURNAL_MAX_LENGTH');
    // Nothing of them is pending any more; the rest is given out as ever.
    expect(await journalOf(a).journal.journalInfo(a.tenant)).toMatchObject({
      length: 400,
      groups: expect.arrayContaining([
        { name: done, pending: 0, lag: 0 },
        { name: slow, pending: 0, lag: 400 },
        { name: dead, pending: 0, lag: 400 },
      ]),
    });
    expect(await trimmer.trim(a.tenant)).toEqual({ trimmed: 0, deadLettered: {} });
  });

  it('T49 no appending trims the journal', async () => {
    const a = await createStore(10);
    const run = await a.createRun();
    await appendLines(a, run, 2000);
    expect(await a.redis.commands.xlen(journalKey(a))).toBe(2001);
  });

  it('keeps for a group only what its handler wants, and nothing for one made by hand', async () => {
    const a = await createStore(1);
    const run = await a.createRun();
    await a.store.append(a.tenant, run, [line('x'), { event: { category: 'gate', action: 'requested' } }]);
    await a.store.append(a.tenant, run, [line('y')]);
    const group = await createGroup(a, 0, 0);
    await a.redis.commands.xgroup('CREATE', journalKey(a), 'By Hand', '0');
    const { meta } = a.store.keys.group(a.tenant, 0, group);
    await a.redis.commands.hset(
      meta,
      'handler',
      JSON.stringify({ name: 'X', types: ['gate.*', 'task.created'] }),
    );
    expect(await journalOf(a).trimmer.trim(a.tenant)).toEqual({ trimmed: 3, deadLettered: { [group]: 1 } });
    expect(await deadLetters(a, group)).toMatchObject([{ t: 'gate.requested' }]);
  });

  it('T09 is a gap with the number of ids for whoever was behind, connected or not', async () => {
    const a = await createStore(50);
    const run = await a.createRun();
    await appendLines(a, run, 99);
    const early = watchJournal(a);
    await early.until('all 100', ({ sequences }) => sequences.length === 100);
    const tenth = early.signals.flatMap((s) => (s.kind === 'events' ? s.events : []))[9]?.position;
    const fiftieth = early.signals.flatMap((s) => (s.kind === 'events' ? s.events : []))[49]?.position;
    await journalOf(a).trimmer.trim(a.tenant);
    for (const [after, missed] of [
      [undefined, 50],
      [tenth, 40],
    ] as const) {
      const late = watchJournal(a, after ? { after } : {});
      await late.until('what is left', ({ sequences }) => sequences.length === 50);
      expect(late.signals[0]).toMatchObject({
        kind: 'gap',
        reason: 'trimmed',
        after,
        missed,
        firstAvailable: { sequence: 51 },
        cursor: fiftieth,
      });
      late.stop();
    }
    // The cursor of the gap, and the watcher that has seen all, have missed nothing.
    const resumed = watchJournal(a, fiftieth ? { after: fiftieth } : {});
    await resumed.until('what is left', ({ sequences }) => sequences.length === 50);
    await a.store.append(a.tenant, run, [line('x')]);
    for (const w of [early, resumed]) {
      await w.until('the next', ({ sequences }) => sequences.at(-1) === 101);
      expect(w.signals.some(({ kind }) => kind === 'gap')).toBe(false);
      w.stop();
    }
  });

  it('T50 lag is exact after deletions, trimming, and for a group that began at an id that never was', async () => {
    const a = await createStore(700);
    const info = async (group: string) =>
      (await journalOf(a).journal.journalInfo(a.tenant)).groups.find(({ name }) => name === group);
    const runs = [await a.createRun(), await a.createRun(), await a.createRun()];
    for (let n = 0; n < 250; n++) for (const run of runs) await a.store.append(a.tenant, run, [line(`${n}`)]);
    const counted = async (group: string): Promise<number> => {
      const groups = (await a.redis.commands.xinfo('GROUPS', journalKey(a))) as string[][];
      const fields = groups.find((one) => one.includes(group)) ?? [];
      const delivered = fields[fields.indexOf('last-delivered-id') + 1] ?? '';
      return (await a.redis.commands.xrange(journalKey(a), `(${delivered}`, '+')).length;
    };
    const groups = await Promise.all([0, 1, 99, 100, 377, 752, 753].map((n) => createGroup(a, n, 0)));
    const odd = uniqueTenant();
    const [, middle] = [
      0,
      (await a.redis.commands.xrange(journalKey(a), '-', '+', 'COUNT', 400)).at(-1)?.[0],
    ];
    await a.redis.commands.xgroup('CREATE', journalKey(a), odd, `${middle?.split('-')[0]}-0`);
    const all = [...groups, odd];
    const check = async () => {
      for (const group of all) expect(await info(group)).toMatchObject({ lag: await counted(group) });
    };
    await check();
    await a.store.delete(a.tenant, runs[1] ?? '');
    await check();
    expect((await info(groups[0] ?? ''))?.lag).toBe(502);
    // Redis itself does not know any more.
    const ofRedis = (await a.redis.commands.xinfo('GROUPS', journalKey(a))) as (string | null)[][];
    expect(ofRedis.some((fields) => fields[fields.indexOf('lag') + 1] === null)).toBe(true);
    await appendLines(a, runs[0] ?? '', 333);
    await journalOf(a).trimmer.trim(a.tenant);
    await check();
    await a.store.delete(a.tenant, runs[2] ?? '');
    await a.store.delete(a.tenant, runs[0] ?? '');
    await check();
    expect(await journalOf(a).journal.journalInfo(a.tenant)).toMatchObject({ length: 0, first: null });
  });

  it('is done by one process at a time, on a timer, for every tenant', async () => {
    const own = await startRedis();
    const stores = await Promise.all(
      upTo(3).map(() => createTestStore({ url: own.url, journalMaxLength: 10, journalTrimMs: 200 })),
    );
    const isTrimmed = async (a: TestStore) => (await a.redis.commands.xlen(journalKey(a))) === 10;
    try {
      for (const a of stores) await appendLines(a, await a.createRun(), 300);
      for (const a of stores) await eventually('it is trimmed', () => isTrimmed(a));
      // Redis has trimmed before the process that asked for it knows.
      const total = () => stores.map((a) => journalOf(a).trimmer.statistics.trimmed).reduce((x, y) => x + y);
      await eventually('it is counted', () => total() >= 3 * 291);
      expect(total()).toBe(3 * 291);
      // Whoever is gone, the others keep it going.
      const [first, second, last] = stores;
      await Promise.all([first?.close(), second?.close()]);
      if (!last) throw new Error('There are three.');
      await appendLines(last, await last.createRun(), 100);
      await eventually('it is trimmed', () => isTrimmed(last));
    } finally {
      await Promise.all(stores.slice(2).map((a) => a.close()));
      await own.stop();
    }
  });

  it('goes on with the other tenants when the journal of one can not be trimmed', async () => {
    const own = await startRedis();
    const a = await createTestStore({ url: own.url, journalMaxLength: 10, journalTrimMs: 20 });
    try {
      for (const tenant of upTo(20).map((n) => `broken${n}`)) {
        await a.redis.commands.sadd(TENANTS_KEY, tenant);
        await a.redis.commands.set(a.store.keys.partition(tenant, 0).journal, 'no stream');
      }
      await appendLines(a, await a.createRun(), 100);
      await eventually('it is trimmed', async () => (await a.redis.commands.xlen(journalKey(a))) === 10);
    } finally {
      await a.close();
      await own.stop();
    }
  });

  it('T246 trims a journal of which nobody has said that something came', async () => {
    const own = await startRedis();
    const a = await createTestStore({ url: own.url, journalMaxLength: 10, journalTrimMs: 20 });
    try {
      await a.redis.commands.sadd(TENANTS_KEY, ...upTo(200).map((n) => `idle${n}`));
      // In its first round a process looks at every tenant.
      await eventually('the first is over', async () => (await a.redis.commands.exists(WALK)) === 1);
      const untold = jest.spyOn(a.signals, 'around').mockImplementation((_, call) => call());
      await appendLines(a, await a.createRun(), 100);
      untold.mockRestore();
      await eventually('it is trimmed', async () => (await a.redis.commands.xlen(journalKey(a))) === 10);
    } finally {
      await a.close();
      await own.stop();
    }
  });

  it('does not begin a round while another process has one', async () => {
    const own = await startRedis();
    const a = await createTestStore({ url: own.url, journalMaxLength: 10, journalTrimMs: 20 });
    try {
      await a.redis.commands.set(TURN, 'another', 'PX', 60_000);
      await appendLines(a, await a.createRun(), 100);
      const attempts = async () => (await commandCalls(a.redis.commands))('set');
      const before = await attempts();
      await eventually('it has asked', async () => (await attempts()) > before + 5);
      expect(await a.redis.commands.xlen(journalKey(a))).toBe(101);
      await a.redis.commands.del(TURN);
      await eventually('it is trimmed', async () => (await a.redis.commands.xlen(journalKey(a))) === 10);
    } finally {
      await a.close();
      await own.stop();
    }
  });
});
