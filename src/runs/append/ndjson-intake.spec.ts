import { describe, expect, it } from '@jest/globals';
import type { Request } from 'express';
import { PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { RunEndedError } from '../../common/index.js';
import type { AppendResult, EventStore } from '../../event-store/index.js';
import type { PreparedEvent } from '../../events/index.js';
import { NdjsonIntake } from './ndjson-intake.js';

const GOOD = '{"n":1}\n';
const BATCH = 100;

/** A store whose appends are answered by the test. */
class HeldStore {
  prepared = 0;
  readonly appends: { size: number; answer(): void; refuse(error: Error): void }[] = [];

  prepare(): PreparedEvent {
    this.prepared += 1;
    return { type: 'llm.stream', body: '', timestamp: undefined, key: undefined, patch: undefined };
  }

  appendPrepared(_tenant: string, _run: string, events: readonly PreparedEvent[]): Promise<AppendResult> {
    return new Promise((resolve, reject) => {
      const ids = events.map((_, i) => `1-${i + 1}`);
      this.appends.push({
        size: events.length,
        answer: () => {
          resolve({ count: events.length, duplicates: 0, ids, replayed: false });
        },
        refuse: reject,
      });
    });
  }
}

function upload() {
  const store = new HeldStore();
  const request = new PassThrough({ highWaterMark: 1024 * 1024 });
  const intake = new NdjsonIntake(store as unknown as EventStore, {});
  const { signal } = new AbortController();
  const taken = intake.take('t', 'r', request as unknown as Request, request, {}, signal);
  taken.catch(() => undefined);
  const appended = async (count: number): Promise<void> => {
    while (store.appends.length < count) await turn();
  };
  return { store, request, taken, appended };
}

describe('NdjsonIntake', () => {
  it('makes one batch ready while another is stored, and no more', async () => {
    const { store, request, taken, appended } = upload();
    request.end(GOOD.repeat(5 * BATCH));
    for (let n = 1; n <= 5; n++) {
      await appended(n);
      for (let i = 0; i < 10; i++) await turn();
      expect(store.appends).toHaveLength(n);
      // The batch after this one, and the event that showed that it is full.
      expect(store.prepared).toBeGreaterThan(Math.min(5, n + 1) * BATCH - 1);
      expect(store.prepared).toBeLessThanOrEqual((n + 1) * BATCH + 1);
      store.appends[n - 1]!.answer();
    }
    expect(await taken).toMatchObject({ count: 5 * BATCH });
  });

  it('an earlier refusal comes before a later bad line, and nothing after it is stored', async () => {
    const { store, request, taken, appended } = upload();
    request.end(`${GOOD.repeat(2 * BATCH)}nonsense\n`);
    await appended(1);
    store.appends[0]!.answer();
    await appended(2);
    store.appends[1]!.refuse(new RunEndedError('completed'));
    // What was refused as a batch is tried line by line.
    await appended(3);
    expect(store.appends[2]!.size).toBe(1);
    store.appends[2]!.refuse(new RunEndedError('completed'));
    await expect(taken).rejects.toMatchObject({
      code: 'RUN_ENDED',
      details: { line: BATCH + 1, count: BATCH },
    });
    expect(store.appends).toHaveLength(3);
  });

  it('a refusal does not wait for lines that have not come yet', async () => {
    const { store, request, taken, appended } = upload();
    request.write(GOOD);
    await appended(1);
    store.appends[0]!.refuse(new RunEndedError('completed'));
    await expect(taken).rejects.toMatchObject({ code: 'RUN_ENDED', details: { line: 1 } });
  });
});
