import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BEGINNING, type EventId, sameEventId } from '../../../events/index.js';
import { explainJournalCursor } from './journal-page.js';

/** A journal whose ids only grow, with its front trimmed away and holes where runs were deleted. */
const journal = fc
  .record({
    steps: fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 30 }),
    trimmed: fc.nat({ max: 30 }),
    deleted: fc.array(fc.boolean(), { minLength: 30, maxLength: 30 }),
  })
  .map(({ steps, trimmed, deleted }) => {
    let ms = 1000;
    const ids = steps.map((step, i): EventId => ({ ms: (ms += step), sequence: i + 1 }));
    const kept = ids.filter((_, i) => i >= trimmed && !deleted[i]);
    const lastTrimmed = ids.slice(0, trimmed).at(-1) ?? BEGINNING;
    const about = (cursor: EventId) => ({
      last: ids.at(-1) ?? BEGINNING,
      trimmed: lastTrimmed,
      before: kept.filter((id) => id.sequence < cursor.sequence).at(-1),
      after: kept.find((id) => id.sequence > cursor.sequence),
    });
    return { ids, kept, lastTrimmed, about };
  });

describe('A cursor that is not in the journal', () => {
  it('of an event that was deleted with its run continues', () => {
    fc.assert(
      fc.property(journal, fc.nat({ max: 29 }), ({ ids, kept, lastTrimmed, about }, at) => {
        const cursor = ids[at];
        fc.pre(cursor !== undefined && cursor.sequence >= lastTrimmed.sequence);
        fc.pre(cursor !== undefined && !kept.some((id) => sameEventId(id, cursor)));
        if (cursor) expect(explainJournalCursor(cursor, about(cursor))).toEqual({ kind: 'none' });
      }),
    );
  });

  it('T09 of a trimmed event, or the beginning: as many ids are missing as were trimmed behind it', () => {
    fc.assert(
      fc.property(journal, fc.nat({ max: 30 }), ({ ids, lastTrimmed, about }, at) => {
        const cursor = at === 0 ? BEGINNING : ids[at - 1];
        fc.pre(cursor !== undefined && cursor.sequence < lastTrimmed.sequence);
        if (cursor) {
          const missed = lastTrimmed.sequence - cursor.sequence;
          expect(explainJournalCursor(cursor, about(cursor))).toEqual({ kind: 'trimmed', missed });
        }
      }),
    );
  });

  it('T10 of an event that Redis took back: diverged', () => {
    fc.assert(
      fc.property(journal, fc.nat({ max: 29 }), ({ ids, kept, about }, at) => {
        const replaced = ids[at];
        fc.pre(replaced !== undefined && kept.includes(replaced));
        // What was taken back is older than what has its number now.
        if (!replaced) return;
        const cursor = { ms: replaced.ms - 1, sequence: replaced.sequence };
        fc.pre((ids[at - 1]?.ms ?? 0) <= cursor.ms);
        const known = { ...about(cursor), before: kept[kept.indexOf(replaced) - 1], after: replaced };
        expect(explainJournalCursor(cursor, known)).toEqual({ kind: 'diverged' });
      }),
    );
  });

  it('T10 ahead of the journal, or of one that is empty: diverged', () => {
    const last = { ms: 1000, sequence: 5 };
    const known = { last, trimmed: BEGINNING, before: last, after: undefined };
    for (const cursor of [
      { ms: 1000, sequence: 6 },
      { ms: 1001, sequence: 5 },
      { ms: 2000, sequence: 1 },
    ]) {
      expect(explainJournalCursor(cursor, known)).toEqual({ kind: 'diverged' });
    }
    const empty = { last: BEGINNING, trimmed: BEGINNING, before: undefined, after: undefined };
    expect(explainJournalCursor({ ms: 1, sequence: 1 }, empty)).toEqual({ kind: 'diverged' });
    expect(explainJournalCursor(BEGINNING, empty)).toEqual({ kind: 'none' });
  });
});
