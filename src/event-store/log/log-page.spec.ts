import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BEGINNING, compareEventIds, type EventId, sameEventId } from '../../events/index.js';
import { explainLostCursor, positionBefore } from './log-page.js';

/** A log whose ids are as the append script gives them: both halves only grow, the sequence by one. */
const log = fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 30 }).map((steps) => {
  let ms = 1000;
  return steps.map((step, i): EventId => ({ ms: (ms += step), sequence: i + 1 }));
});

/** What is left of it after a trim of the oldest `trimmed`, possibly all. */
const trimmedLog = log.chain((whole) =>
  fc.nat({ max: whole.length }).map((trimmed) => {
    const last = whole.at(-1) ?? BEGINNING;
    return { whole, kept: whole.slice(trimmed), page: { first: whole[trimmed], last } };
  }),
);

describe('A cursor that is not in the log', () => {
  it('T09 of a trimmed event: exactly as many are missing as were trimmed behind it', () => {
    fc.assert(
      fc.property(trimmedLog, fc.nat({ max: 30 }), ({ whole, kept, page }, at) => {
        const cursor = at === 0 ? BEGINNING : whole[at - 1];
        fc.pre(cursor !== undefined && !kept.some((id) => sameEventId(id, cursor)));
        const missed = whole.length - kept.length - at;
        expect(explainLostCursor(cursor ?? BEGINNING, page)).toEqual(
          missed === 0 ? { kind: 'none' } : { kind: 'trimmed', missed },
        );
      }),
    );
  });

  it('T10 that this log can never have had: diverged', () => {
    const ahead = fc.record({ ms: fc.nat({ max: 1200 }), sequence: fc.nat({ max: 60 }) });
    fc.assert(
      fc.property(trimmedLog, ahead, ({ kept, page }, cursor) => {
        const { first, last } = page;
        fc.pre(!kept.some((id) => sameEventId(id, cursor)));
        // Another id for a sequence that is there or that is the last one given; or a time that is not over yet.
        const impossible =
          cursor.sequence > last.sequence ||
          (cursor.sequence === last.sequence && cursor.ms !== last.ms) ||
          compareEventIds(cursor, last) > 0 ||
          (first !== undefined && (cursor.sequence >= first.sequence || cursor.ms > first.ms));
        fc.pre(impossible);
        expect(explainLostCursor(cursor, page)).toEqual({ kind: 'diverged' });
      }),
      { numRuns: 500 },
    );
  });

  it('T10 is never explained as missing nothing unless it stands right before the oldest event', () => {
    const any = fc.record({ ms: fc.nat({ max: 1200 }), sequence: fc.nat({ max: 60 }) });
    fc.assert(
      fc.property(trimmedLog, any, ({ kept, page }, cursor) => {
        fc.pre(!kept.some((id) => sameEventId(id, cursor)));
        const loss = explainLostCursor(cursor, page);
        const next = page.first?.sequence ?? page.last.sequence + 1;
        if (loss.kind === 'none') expect(cursor.sequence).toBe(next - 1);
        if (loss.kind === 'trimmed') expect(cursor.sequence + loss.missed).toBe(next - 1);
      }),
      { numRuns: 500 },
    );
  });

  it('T10 in the log of a run without events: diverged, unless it is the beginning', () => {
    const page = { first: undefined, last: BEGINNING };
    expect(explainLostCursor({ ms: 5, sequence: 1 }, page)).toEqual({ kind: 'diverged' });
    expect(explainLostCursor({ ms: 5, sequence: 0 }, page)).toEqual({ kind: 'diverged' });
    expect(explainLostCursor(BEGINNING, page)).toEqual({ kind: 'none' });
  });
});

describe('The position before an event', () => {
  it('is a cursor that misses nothing', () => {
    fc.assert(
      fc.property(trimmedLog, ({ page }) => {
        const { first } = page;
        fc.pre(first !== undefined);
        const before = positionBefore(first ?? BEGINNING);
        expect(explainLostCursor(before, page)).toEqual({ kind: 'none' });
      }),
    );
    expect(positionBefore({ ms: 9, sequence: 1 })).toEqual(BEGINNING);
  });
});
