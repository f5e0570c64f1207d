import { describe, expect, it } from '@jest/globals';
import {
  lastSaid,
  type RunItem,
  standingOf,
  tookMs,
} from '../../packages/dashboard/src/pages/runs/last-said.js';

const NOW = Date.parse('2026-01-01T03:00:00Z');
const at = (secondsAgo: number): string => new Date(NOW - secondsAgo * 1000).toISOString();

const run = (changes: Partial<RunItem>): RunItem =>
  ({
    executor: 'external',
    status: 'running',
    created_at: at(3600),
    started_at: at(3600),
    completed_at: null,
    last_event_at: at(2),
    sequence: 100,
    holder: null,
    waiting_for: null,
    result: null,
    error: null,
    ...changes,
  }) as RunItem;
const executor = {
  ...{ name: 'lint', input_schema: null, live_instances: 2, running: 8, pending: 3 },
  served_by: 'service' as const,
};
const say = (changes: Partial<RunItem>, live = 2): string =>
  lastSaid(run(changes), [{ ...executor, live_instances: live }], NOW);

describe('what the list says of a run', () => {
  it('that goes on', () => {
    expect(say({})).toBe('said something 2 s ago');
    expect(say({ last_event_at: at(0) })).toBe('said something just now');
    expect(say({ last_event_at: null, started_at: at(5) })).toBe('nothing said yet');
    expect(say({ waiting_for: 'gate.approved,gate.rejected' })).toBe(
      'waits for gate.approved, gate.rejected',
    );
  });

  it('that is silent for longer than it usually is', () => {
    // A pause of 36 s on average.
    expect(standingOf(run({ last_event_at: at(170) }), NOW)).toBe('running');
    const quiet = { last_event_at: at(1020), executor: 'lint' };
    expect(standingOf(run(quiet), NOW)).toBe('quiet');
    expect(say({ ...quiet, waiting_for: 'gate.approved' })).toBe(
      'silent for 17 m 00 s · waits for gate.approved',
    );
    const holder = { instance: 'host-1', lease_until: at(-10) };
    expect(say({ ...quiet, holder })).toBe('silent for 17 m 00 s · held by host-1');
    expect(say({ last_event_at: at(1020) })).toBe('silent for 17 m 00 s · its producer is outside');
    expect(standingOf(run({ last_event_at: at(1020), status: 'completed' }), NOW)).toBe('completed');
  });

  it('whose process is gone', () => {
    const holder = { instance: 'host-1', lease_until: at(40) };
    expect(say({ holder })).toBe('host-1 was lost 40 s ago; another takes over, or the run ends');
  });

  it('that nobody takes up', () => {
    const pending = { status: 'pending', executor: 'lint', started_at: null } as const;
    expect(say(pending, 0)).toBe('no live instance has “lint”');
    expect(say({ ...pending, executor: 'x' })).toBe('this instance does not know the executor “x”');
    expect(say({ ...pending, created_at: at(5) })).toBe('waits to be taken up');
    expect(say(pending)).toBe('waits for 1 h 00 m · 2 instances, 8 running, 3 pending');
    expect(lastSaid(run(pending), undefined, NOW)).toBe('waits to be taken up');
  });

  it('that has ended', () => {
    const failed = (error: unknown) => say({ status: 'failed', error: error as null });
    expect(failed({ message: 'exit code 1\n  at x' })).toBe('exit code 1');
    expect(failed('boom')).toBe('boom');
    expect(failed([1, { a: 2 }])).toBe('[1,{"a":2}]');
    expect(failed('x'.repeat(1000))).toHaveLength(301);
    expect(failed(undefined)).toBe('more than fits here: open it');
    expect(failed(null)).toBe('failed');
    expect(say({ status: 'completed', result: 'All pass.' })).toBe('All pass.');
    expect(say({ status: 'completed', completed_at: at(60) })).toBe('completed 1 m 00 s ago');
    expect(say({ status: 'cancelled', completed_at: at(90) })).toBe('cancelled 1 m 30 s ago');
    expect(tookMs(run({ completed_at: at(3590) }), NOW)).toBe(10_000);
  });
});
