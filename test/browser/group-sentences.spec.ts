import { describe, expect, it } from '@jest/globals';
import { Trends } from '../../packages/dashboard/src/pages/groups/trends.js';
import { columnsOf, CHARTS } from '../../packages/dashboard/src/plot/lines.js';
import { bunchesOf } from '../../packages/dashboard/src/sentences/bunches.js';
import { errorKey } from '../../packages/dashboard/src/sentences/error-key.js';
import type {
  ConsumerGroup,
  DeadLetter,
  GroupFacts,
  GroupSample,
  PendingEvent,
} from '../../packages/dashboard/src/sentences/group-facts.js';
import { sentencesOf } from '../../packages/dashboard/src/sentences/group-sentences.js';
import { stateOf, worstFirst } from '../../packages/dashboard/src/sentences/group-state.js';
import { sayOutcome } from '../../packages/dashboard/src/sentences/outcome.js';
import { plain } from '../../packages/dashboard/src/sentences/sentence.js';

const NOW = Date.parse('2026-11-28T02:14:00.000Z');
const MEMBER = { name: 'vm-1-77.30000', lease_ms: 30_000, max_attempts: 5 };
const FINE = {
  ...{
    group: 'billing',
    handlers: ['BillRun'],
    types: null,
    handled: true,
    consumers: [],
    members: [MEMBER],
  },
  ...{ pending: 0, lag: 0, lag_ms: 0, oldest_pending_age_ms: null, delayed_retries: 0, dead_letters: 0 },
  ...{ paused: false, last_recovery: null },
} as unknown as ConsumerGroup;
const FAILING: PendingEvent = {
  ...{ entry: '1795279279000-42', redriven: false, run_id: 'r0_a', type: 'log.stdout', state: 'delayed' },
  ...{ consumer: 'vm-1-77.30000', age_ms: 90_000, idle_ms: 1000, attempts: 4 },
  ...{ next_try_at: new Date(NOW + 8000).toISOString(), last_error: 'connect ECONNREFUSED 10.0.0.12:5432' },
};

function facts(group: Partial<ConsumerGroup>, more: Partial<GroupFacts> = {}): GroupFacts {
  return {
    ...{ group: { ...FINE, ...group }, at: NOW, growth: undefined, out: undefined, pending: [] },
    ...more,
  };
}

const said = (of: GroupFacts, now = NOW): string[] => sentencesOf(of, now).map(plain);

describe('What the page says of a group', () => {
  it.each<[string, GroupFacts, string, string[]]>([
    ['handles everything', facts({}), 'fine', ['Everything is handled.']],
    ['is at work', facts({ pending: 3 }), 'fine', ['3 events at work.']],
    [
      'is paused, and events wait',
      facts({ paused: true, lag: 1204, lag_ms: 250_000 }),
      'paused',
      ['Paused: nothing is begun until it is resumed. 1\u202f204 events wait, the oldest for 4 m 10 s.'],
    ],
    [
      'is handled by nobody any more',
      facts({
        ...{ handled: false, members: [], lag: 1, lag_ms: 60_000 },
        consumers: [
          { name: 'vm-2-8.30000', pending: 0, idle_ms: 9_000_000 },
          { name: 'vm-1-77.30000', pending: 0, idle_ms: 720_000 },
        ],
      }),
      'stuck',
      ['Nobody handles it (last: vm-1-77, 12 m 00 s ago). 1 event waits, the oldest for 1 m 00 s.'],
    ],
    [
      'was handled by nobody, and has nothing to do',
      facts({ handled: false, members: [] }),
      'quiet',
      ['Nobody handles it, and nobody is known to have. Nothing waits for it.'],
    ],
    [
      'has an event that fails',
      facts({ pending: 1, delayed_retries: 1 }, { pending: [FAILING] }),
      'behind',
      [
        'Event 1795279279000-42 of run r0_a: attempt 4 of 5, next in 8 s, last error connect ECONNREFUSED 10.0.0.12:5432',
      ],
    ],
    [
      'has events that fail',
      facts(
        { pending: 3, delayed_retries: 3 },
        {
          pending: [
            FAILING,
            { ...FAILING, last_error: 'Row 7 is locked' },
            { ...FAILING, last_error: 'connect ECONNREFUSED 10.0.0.13:5432' },
          ],
        },
      ),
      'behind',
      ['2 events are tried again and again (and 1 for other reasons): connect ECONNREFUSED 10.0.0.13:5432'],
    ],
    [
      'holds an event for longer than it should',
      facts(
        { pending: 1, oldest_pending_age_ms: 240_000, lag_ms: 240_000 },
        { pending: [{ ...FAILING, state: 'abandoned', attempts: 1, next_try_at: null, last_error: null }] },
      ),
      'behind',
      ['Event 1795279279000-42 of run r0_a: attempt 1 of 5, lost by vm-1-77: another process takes it over'],
    ],
    [
      'is too slow',
      facts({ lag: 1204, lag_ms: 250_000 }, { growth: 18, out: 12 }),
      'behind',
      ['30/s in, 12/s out: grows 18/s.'],
    ],
    [
      'catches up',
      facts({ lag: 1800, lag_ms: 20_000 }, { growth: -18, out: 30 }),
      'fine',
      ['12/s in, 30/s out: caught up in about 1 m 40 s.'],
    ],
    [
      'is too slow, where nobody may see rates',
      facts({ lag: 1204, lag_ms: 20_000 }, { growth: 18 }),
      'behind',
      ['Grows 18/s.'],
    ],
    [
      'stands still',
      facts({ lag: 10, lag_ms: 60_000 }, { growth: 0, out: 0 }),
      'stuck',
      ['Nothing comes out: 10 events wait, the oldest for 1 m 00 s.'],
    ],
  ])('that %s', (_what, given, state, sentences) => {
    expect(said(given)).toEqual(sentences);
    expect(stateOf(given)).toBe(state);
  });

  it('says who has paused it and when, as far as that is known', () => {
    const paused_at = new Date(NOW - 60_000).toISOString();
    expect(said(facts({ paused: true, paused_by: 'k1', paused_at }))[0]).toMatch(
      /^Paused by k1 at \d\d:\d\d: nothing is begun until it is resumed\. Nothing waits\.$/,
    );
    expect(said(facts({ paused: true, paused_at: '2026-01-02T12:00:00Z' }))[0]).toMatch(
      /^Paused at Jan 2, \d\d:\d\d: nothing/,
    );
  });

  it('counts on while nobody asks the service', () => {
    const given = facts({ pending: 1, delayed_retries: 1 }, { pending: [FAILING] });
    expect(said(given, NOW + 5000)[0]).toContain('next in 3 s');
    expect(said(given, NOW + 9000)[0]).toContain('next due');
    const waiting = facts({ paused: true, lag: 1, lag_ms: 58_000 });
    expect(said(waiting, NOW + 5000)[0]).toContain('1 event waits, the oldest for 1 m 03 s');
  });

  it('says of an event that is trimmed that it is', () => {
    const trimmed = { ...FAILING, run_id: null };
    expect(said(facts({ pending: 1, delayed_retries: 1 }, { pending: [trimmed] }))[0]).toMatch(
      /^Event 1795279279000-42 that is trimmed: attempt 4 of 5/,
    );
  });

  it('has the worst first', () => {
    const groups = [
      facts({ group: 'a' }),
      facts({ group: 'paused', paused: true }),
      facts({ group: 'dead', dead_letters: 3 }),
      facts({ group: 'late', lag: 1, lag_ms: 40_000 }),
      facts({ group: 'later', lag: 1, lag_ms: 50_000 }),
      facts({ group: 'stuck', lag: 1, handled: false }),
      facts({ group: 'quiet', handled: false }),
    ];
    expect(groups.sort(worstFirst).map(({ group }) => group.group)).toEqual([
      'stuck',
      'later',
      'late',
      'paused',
      'quiet',
      'dead',
      'a',
    ]);
  });
});

describe('Trends', () => {
  it('tell nothing before some seconds have passed, then how fast a lag grows over the last minute', () => {
    const trends = new Trends();
    for (let second = 0; second <= 120; second += 5) {
      trends.note([{ group: 'a', lag: second < 60 ? 0 : 2 * (second - 60) }], second * 1000);
      if (second === 5) expect(trends.growth('a')).toBeUndefined();
      if (second === 30) expect(trends.growth('a')).toBe(0);
    }
    expect(trends.growth('a')).toBe(2);
    trends.note([], 121_000);
    expect(trends.growth('a')).toBeUndefined();
  });
});

describe('Errors of one cause', () => {
  it.each([
    ['connect ECONNREFUSED 10.0.0.12:5432', 'connect ECONNREFUSED 10.0.0.99:5433'],
    ['Row 58 of r0_01m8hr33bythyk7zytzwaznghx', 'Row 7 of r0_01m8hqgv3f3z1h00jgv1ddxwas'],
    ['no 5f0c8a7e-1111-2222-3333-444455556668', 'no aaaaaaaa-1111-2222-3333-444455556668'],
    ['took 1.5 s\n    at first (a.js:1)', 'took 30.25 s\n    at second (b.js:2)'],
    ['hash 9f86d081884c7d65', 'hash 00ffd081884c7d65'],
  ])('"%s" is as "%s"', (one, other) => expect(errorKey(one)).toBe(errorKey(other)));

  it('but not those of another', () => {
    expect(errorKey('connect ECONNREFUSED')).not.toBe(errorKey('connect ETIMEDOUT'));
    expect(errorKey('the decade')).toBe('the decade');
  });

  it('are together for each group, that of the newest first', () => {
    const letter = (group: string, error: string): DeadLetter =>
      ({ group, error, id: `${group}.${error}` }) as DeadLetter;
    const bunches = bunchesOf([
      letter('a', 'no 3'),
      letter('b', 'no 2'),
      letter('a', 'full'),
      letter('a', 'no 1'),
    ]);
    expect(bunches.map(({ group, error, letters }) => [group, error, letters.length])).toEqual([
      ['a', 'no 3', 2],
      ['b', 'no 2', 1],
      ['a', 'full', 1],
    ]);
  });

  it('is said what came of them', () => {
    const none = { done: [], trimmed: [], gone: [], left: 0 };
    expect(sayOutcome('Redriven', { ...none, done: ['a'] })).toBe('Redriven 1 dead letter.');
    expect(sayOutcome('Redriven', { done: ['a', 'b'], trimmed: ['c'], gone: ['d'], left: 2 })).toBe(
      'Redriven 2 dead letters. 1 can’t be: trimmed, so there is nothing to send back. 1 was gone already. 2 were not tried.',
    );
    expect(sayOutcome('Deleted', { ...none, gone: ['a'] })).toBe('1 was gone already.');
  });
});

describe('The plot', () => {
  it('draws no line over a time that nobody knows of', () => {
    const sample = (minute: number): GroupSample =>
      ({ at: new Date(minute * 60_000).toISOString(), lag: minute }) as GroupSample;
    const { times, rows } = columnsOf([sample(1), sample(2), sample(6)], CHARTS[0]?.lines ?? []);
    expect(rows).toEqual([[1, 2, null, 6]]);
    expect(times).toEqual([60, 120, 121, 360]);
  });
});
