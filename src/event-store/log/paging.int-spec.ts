import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  appendLines,
  commandCalls,
  createTestStore,
  line,
  type TestStore,
  upTo,
} from '../../../test/support/event-store.js';
import { type RedisServer, startRedis } from '../../../test/support/redis.js';
import { RunNotFoundError } from '../../common/index.js';
import { BEGINNING, type EventId } from '../../events/index.js';
import type { LogRange } from './event-store.js';

describe('Reading in pages', () => {
  let server: RedisServer;
  let a: TestStore;
  let run: string;

  beforeAll(async () => {
    // Of its own: it counts the server's commands.
    server = await startRedis();
    a = await createTestStore({ url: server.url, maxLength: 100_000 });
    run = await a.createRun();
    await appendLines(a, run, 1499);
  });
  afterAll(async () => {
    await a.close();
    await server.stop();
  });

  it.each([1, 7, 999, 1500, 10_000])('T22 forwards by %i: each event once, in order', async (limit) => {
    const seen: number[] = [];
    let after: EventId = BEGINNING;
    for (;;) {
      const page = await a.store.read(a.tenant, run, { after, limit, maxBytes: 1e9 });
      if (page.events.length === 0) break;
      expect(page.events.length).toBeLessThanOrEqual(limit);
      expect(page.last.sequence).toBe(1500);
      seen.push(...page.events.map(({ position }) => position.sequence));
      after = page.events.at(-1)?.position ?? after;
    }
    expect(seen.join()).toBe(upTo(1500).join());
  });

  it.each([1, 7, 999, 10_000])('T22 backwards by %i: each event once, in reverse', async (limit) => {
    const seen: string[] = [];
    let to = '+';
    for (;;) {
      const range: LogRange = { from: '-', to, order: 'desc', limit: limit + 1, maxBytes: 1e9 };
      const { events } = await a.store.readRange(a.tenant, run, range);
      const next = events[limit];
      seen.push(...events.slice(0, limit).map(({ id }) => id));
      if (!next) break;
      to = next.id;
    }
    expect(seen.map((id) => Number(id.split('-')[1])).join()).toBe(upTo(1500).reverse().join());
  });

  it('T22 both ends of a range are inclusive, in both orders', async () => {
    const { events } = await a.store.read(a.tenant, run, { limit: 20 });
    const [from = '', to = ''] = [events[4]?.id, events[8]?.id];
    for (const order of ['asc', 'desc'] as const) {
      const page = await a.store.readRange(a.tenant, run, { from, to, order, limit: 100, maxBytes: 1e9 });
      const sequences = page.events.map(({ position }) => position.sequence);
      expect(order === 'asc' ? sequences : sequences.reverse()).toEqual(upTo(9, 5));
      const one = await a.store.readRange(a.tenant, run, { from, to: from, order, limit: 1, maxBytes: 1 });
      expect(one.events.map(({ id }) => id)).toEqual([from]);
      const none = await a.store.readRange(a.tenant, run, {
        from: to,
        to: from,
        order,
        limit: 9,
        maxBytes: 9,
      });
      expect(none.events).toEqual([]);
    }
  });

  it('T22 what is appended while somebody pages comes at the end, and once', async () => {
    const growing = await a.createRun();
    await appendLines(a, growing, 99);
    const seen: number[] = [];
    let after: EventId = BEGINNING;
    for (let page = 0; page < 30; page++) {
      const { events } = await a.store.read(a.tenant, growing, { after, limit: 10 });
      seen.push(...events.map(({ position }) => position.sequence));
      after = events.at(-1)?.position ?? after;
      if (page < 10) await appendLines(a, growing, 5);
    }
    expect(seen).toEqual(upTo(150));
  });

  it('T62 a page is bounded in bytes, and has one event however large that is', async () => {
    const large = await a.createRun();
    const mebibyte = line('', { data: { x: 'x'.repeat(1024 * 1024 - 8) } });
    for (let n = 0; n < 12; n++) await a.store.append(a.tenant, large, [mebibyte]);
    await appendLines(a, large, 300);

    const sizes: number[] = [];
    const seen: number[] = [];
    let after: EventId = BEGINNING;
    for (;;) {
      const { events } = await a.store.read(a.tenant, large, { after, limit: 1000 });
      if (events.length === 0) break;
      seen.push(...events.map(({ position }) => position.sequence));
      after = events.at(-1)?.position ?? after;
      const bytes = events.reduce((sum, { json }) => sum + json.length, 0);
      if (events.length > 1) expect(bytes).toBeLessThan(2 * 262_144);
      sizes.push(events.length);
    }
    expect(seen).toEqual(upTo(313));
    expect(sizes.filter((size) => size === 1).length).toBeGreaterThanOrEqual(12);

    const range: LogRange = { from: '-', to: '+', order: 'desc', limit: 10_000, maxBytes: 4 * 1024 * 1024 };
    const { events } = await a.store.readRange(a.tenant, large, range);
    const megabytes = events.filter(({ json }) => json.length > 1_000_000).length;
    expect(megabytes).toBeLessThanOrEqual(4);
    expect(events.length).toBeGreaterThan(300);
  });

  it('T62 Redis does not fetch large events only to drop them', async () => {
    const mixed = await a.createRun();
    await appendLines(a, mixed, 200);
    for (let n = 0; n < 40; n++) await a.store.append(a.tenant, mixed, [line('x'.repeat(200_000))]);
    const { commands } = a.redis;
    const before = await outputBytes();
    const calls = await commandCalls(commands);
    await a.store.read(a.tenant, mixed, { limit: 1000 });
    const after = await commandCalls(commands);
    expect((await outputBytes()) - before).toBeLessThan(400_000);
    expect(after('xrange') - calls('xrange')).toBeLessThan(20);

    async function outputBytes(): Promise<number> {
      return Number(/total_net_output_bytes:(\d+)/.exec(await commands.info('stats'))?.[1]);
    }
  });

  it('T23 a run without events yet is an empty page, and one that does not exist an error', async () => {
    const pending = await a.createRun('later');
    const range: LogRange = { from: '-', to: '+', order: 'asc', limit: 10, maxBytes: 1000 };
    expect((await a.store.readRange(a.tenant, pending, range)).events).toEqual([]);
    expect(await a.store.info(a.tenant, pending)).toEqual({ length: 0, first: null, last: null, groups: 0 });
    await a.store.delete(a.tenant, pending);
    await expect(a.store.readRange(a.tenant, pending, range)).rejects.toThrow(RunNotFoundError);
    await expect(a.store.read(a.tenant, pending)).rejects.toThrow(RunNotFoundError);
    await expect(a.store.info(a.tenant, pending)).rejects.toThrow(RunNotFoundError);
    await expect(a.runs.get(a.tenant, pending)).rejects.toThrow(RunNotFoundError);
    await expect(a.store.read('another', run)).rejects.toThrow(RunNotFoundError);
  });
});
