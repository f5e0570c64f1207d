import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InvalidEventIdError } from '../common/index.js';
import {
  BEGINNING,
  compareEventIds,
  formatEventId,
  parseEventId,
  sameEventId,
  tryParseEventId,
} from './event-id.js';

const part = fc.maxSafeNat();
const eventId = fc.record({ ms: part, sequence: part });

describe('An event id', () => {
  it('is read back as it was written', () => {
    fc.assert(
      fc.property(eventId, (id) => {
        expect(parseEventId(formatEventId(id))).toEqual(id);
      }),
    );
  });

  it('T08 is compared as two numbers, never as text', () => {
    expect(compareEventIds(parseEventId('5-9'), parseEventId('5-10'))).toBeLessThan(0);
    expect(compareEventIds(parseEventId('999-1'), parseEventId('1000-1'))).toBeLessThan(0);
    fc.assert(
      fc.property(eventId, eventId, (a, b) => {
        const expected = a.ms !== b.ms ? a.ms < b.ms : a.sequence < b.sequence;
        expect(compareEventIds(a, b) < 0).toBe(expected);
        expect(Math.sign(compareEventIds(a, b))).toBe(-Math.sign(compareEventIds(b, a)) + 0);
        expect(sameEventId(a, b)).toBe(compareEventIds(a, b) === 0);
      }),
    );
  });

  it.each([
    ...[
      '',
      '-',
      '+',
      '$',
      '5',
      '5-',
      '-5',
      '5-1-1',
      '05-1',
      '5-01',
      '+5-1',
      '5--1',
      '5.0-1',
      '1e3-1',
      '0x5-1',
    ],
    ...[' 5-1', '5-1 ', '5-1\n', '٥-1', '9007199254740992-1', '1-9007199254740992', '99999999999999999999-1'],
  ])('T10 is not %j', (text) => {
    expect(tryParseEventId(text)).toBeUndefined();
    expect(() => parseEventId(text, 'Last-Event-ID')).toThrow(InvalidEventIdError);
    expect(() => parseEventId(text, 'Last-Event-ID')).toThrow(/^Last-Event-ID is not an event id\. Send/);
  });

  it('has one text for each value: what is read is written the same', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9]{1,17}-[0-9]{1,17}$/), (text) => {
        const id = tryParseEventId(text);
        if (id) expect(formatEventId(id)).toBe(text);
      }),
    );
  });

  it('comes after the beginning', () => {
    expect(formatEventId(BEGINNING)).toBe('0-0');
    fc.assert(
      fc.property(part, fc.integer({ min: 1 }), (ms, sequence) => {
        expect(compareEventIds(BEGINNING, { ms, sequence })).toBeLessThan(0);
      }),
    );
  });
});
