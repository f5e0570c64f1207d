import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { RunEvent } from '../../../packages/client/src/index.js';
import { Ranges } from '../../../packages/dashboard/src/store/run/ranges.js';
import { MAX_BYTES, MAX_EVENTS, RunLog } from '../../../packages/dashboard/src/store/run/run-log.js';

const event = (sequence: number, data: RunEvent['data'] = {}): RunEvent => ({
  id: `1795279279000-${sequence}`,
  run_id: 'r',
  tenant_id: 't',
  sequence,
  timestamp: '2026-11-28T00:00:00Z',
  event: { category: 'llm', action: 'stream' },
  data,
});

describe('what is held is counted', () => {
  it('in any order, each once, and what is missing is named', () => {
    const numbers = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 120 });
    fc.assert(
      fc.property(numbers, (given) => {
        const ranges = new Ranges();
        const set = new Set<number>();
        for (const number of given) {
          expect(ranges.add(number)).toBe(!set.has(number));
          set.add(number);
        }
        expect(ranges.count).toBe(set.size);
        expect(ranges.first).toBe(set.size ? Math.min(...set) : undefined);
        const missing = ranges.missing(1, 60).flatMap(({ from, to }) => {
          expect(from).toBeLessThanOrEqual(to);
          return Array.from({ length: to - from + 1 }, (_, i) => from + i);
        });
        const expected = Array.from({ length: 60 }, (_, i) => i + 1).filter((number) => !set.has(number));
        expect(missing).toEqual(expected);
        for (let number = 0; number <= 61; number++) expect(ranges.has(number)).toBe(set.has(number));
      }),
    );
  });
});

describe('the log of one run', () => {
  it('knows its events by sequence, whichever end they come from', () => {
    const log = new RunLog();
    expect(log.add([event(9), event(8)])).toBe(2);
    expect(log.add([event(8), event(10)])).toBe(1);
    expect([log.head, log.held.count]).toEqual([10, 3]);
    expect(log.missing).toEqual([{ from: 1, to: 7 }]);
    expect(log.at(9)?.sequence).toBe(9);
    expect(log.at(7)).toBeUndefined();
    log.clear();
    expect([log.head, log.held.count, log.at(9)]).toEqual([0, 0, undefined]);
  });

  it('lets the oldest go above its bound in events, keeps what is looked at, and can ask for them again', () => {
    const log = new RunLog();
    log.pin({ from: 5_000, to: 5_100 });
    for (let from = 1; from <= MAX_EVENTS + 10_000; from += 1000) {
      log.add(Array.from({ length: 1000 }, (_, i) => event(from + i)));
    }
    expect(log.missing).toEqual([]);
    expect(log.at(1500)).toBeUndefined();
    expect(log.cursorBefore(1500)).toBe(event(1500).id);
    expect(log.at(5050)?.sequence).toBe(5050);
    expect(log.at(MAX_EVENTS + 10_000)).toBeDefined();
    log.add([event(1500)]);
    expect(log.held.count).toBe(MAX_EVENTS + 10_000);
  });

  it('bounds bytes as well, also where each event is as large as may be', () => {
    const log = new RunLog();
    const many = Object.fromEntries(Array.from({ length: 8000 }, (_, i) => [`name ${i}`, 'a value']));
    const kinds = [{ content: 'x'.repeat(2 ** 20) }, many, { content: 'y'.repeat(50_000) }];
    for (let sequence = 1; sequence <= 1500; sequence++) log.add([event(sequence, kinds[sequence % 3])]);
    expect(log.held.count).toBe(1500);
    let characters = 0;
    for (let sequence = 1; sequence <= 1500; sequence++) {
      characters += JSON.stringify(log.at(sequence) ?? '').length;
    }
    expect(characters).toBeLessThan(MAX_BYTES);
    expect(log.shortened.has(1498)).toBe(true);
    expect(log.at(1498)?.data).toEqual({ '…': expect.any(String) });
    expect(log.shortened.has(1499)).toBe(false);
  });

  it('drops what was provisional when it is stored', () => {
    const log = new RunLog();
    const { id: _id, sequence: _sequence, ...said } = event(1);
    log.provisional.set('k', { ...said, durable: false, idempotency_key: 'k' });
    log.add([{ ...event(1), idempotency_key: 'k' }]);
    expect(log.provisional.size).toBe(0);
  });
});
