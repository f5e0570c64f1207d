import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { completed, createTestStore, line, type TestStore } from '../../../../test/support/event-store.js';
import { testRedisUrl } from '../../../../test/support/redis.js';
import { BEGINNING, type EventInput, formatEventId } from '../../../events/index.js';
import { toEncodedEvent } from '../../log/encoded-event.js';
import { readLiveMessage } from './live-message.js';

describe('The message of an append', () => {
  let store: TestStore;
  let listener: Redis;

  beforeAll(async () => {
    store = await createTestStore();
    listener = new Redis(testRedisUrl());
  });
  afterAll(async () => {
    listener.disconnect();
    await store.close();
  });

  /** Appends, and gives the one message that this sent. */
  async function messageOf(run: string, events: EventInput[]): Promise<string> {
    const channel = store.store.keys.run(store.tenant, run).live;
    await listener.ssubscribe(channel);
    const message = new Promise<string>((resolve) => {
      listener.once('smessage', (_: string, text: string) => {
        resolve(text);
      });
    });
    await store.store.append(store.tenant, run, events);
    const text = await message;
    await listener.sunsubscribe(channel);
    return text;
  }

  it('T21 says the very same as the log, whatever the event holds', async () => {
    const run = await store.createRun();
    const message = readLiveMessage(
      await messageOf(run, [
        line('a\nb\r\nc\u2028\0 - \ud800 😀 data: x'),
        line('', { idempotency_key: 'a key  with spaces – and "quotes"' }),
        line('', { idempotency_key: '-' }),
        line('', { idempotency_key: ' ', timestamp: '2026-01-01T00:00:00+02:00' }),
        line('', { source: { agent_id: 'a\nb', agent_name: '- - -' } }),
        completed({ deep: ['\n'] }),
      ]),
    );
    if (message.kind !== 'appended') throw new Error('not an append');
    const { events } = await store.store.read(store.tenant, run, {
      after: { ...message.first, sequence: 1 },
    });
    const sent = message.entries.map((entry) => toEncodedEvent(store.tenant, run, entry));
    expect(sent).toHaveLength(6);
    expect(sent).toEqual(events);
    expect(sent.at(-1)?.ends).toBe('completed');
    expect([message.first, message.last]).toEqual([events[0]?.position, events.at(-1)?.position]);
  });

  it('T61 is at most 64 KiB, keys and all; a larger batch is only announced', async () => {
    const run = await store.createRun();
    const small = await messageOf(run, [line('x'.repeat(60_000))]);
    expect(small.length).toBeGreaterThan(60_000);
    const keyed = Array.from({ length: 250 }, (_, i) =>
      line('', { idempotency_key: `${i} ${'😀'.repeat(240)}` }),
    );
    for (const batch of [
      [line('x'.repeat(65_536))],
      [...Array<EventInput>(1000)].map(() => line('x'.repeat(20))),
      keyed,
    ]) {
      const { last } = await store.store.read(store.tenant, run, { limit: 1 });
      const text = await messageOf(run, batch);
      expect(Buffer.byteLength(text)).toBeLessThan(100);
      expect(readLiveMessage(text)).toMatchObject({
        kind: 'appended',
        first: { sequence: last.sequence + 1 },
        last: { sequence: last.sequence + batch.length },
        entries: [],
      });
    }
  });

  it('of a deletion says so', () => {
    expect(readLiveMessage('deleted')).toEqual({ kind: 'deleted' });
    expect(formatEventId(BEGINNING)).toBe('0-0');
  });
});
