import { describe, expect, it } from '@jest/globals';
import type { Run, RunEvent } from '../../../packages/client/src/index.js';
import { preview } from '../../../packages/dashboard/src/rows/preview.js';
import { type Executors, type Known, sentenceOf } from '../../../packages/dashboard/src/sentences/run.js';

const NOW_MS = Date.parse('2026-11-28T12:00:00.000Z');
const ago = (seconds: number): string => new Date(NOW_MS - seconds * 1000).toISOString();

const RUN = {
  status: 'running',
  executor: 'external',
  created_at: ago(3600),
  started_at: ago(3600),
  completed_at: null,
  last_event_at: ago(1),
  holder: null,
  waiting_for: null,
} as Run;

const executor = (live_instances: number, running = 0): Executors => [
  { name: 'command', input_schema: null, live_instances, running, pending: 1, served_by: 'service' },
];

/** Events with so many seconds between them, the last one so long ago. */
function events(count: number, pauseSeconds: number, lastAgo: number): RunEvent[] {
  return Array.from({ length: count }, (_, at) => {
    const ms = NOW_MS - (lastAgo + (count - 1 - at) * pauseSeconds) * 1000;
    return { id: `${ms}-${at + 1}`, sequence: at + 1 } as RunEvent;
  });
}

function say(run: Partial<Run>, known: Partial<Known> = {}): ReturnType<typeof sentenceOf> {
  return sentenceOf({
    run: { ...RUN, ...run },
    executors: undefined,
    before: undefined,
    last: [],
    nowMs: NOW_MS,
    ...known,
  });
}

describe('what the page of a run says', () => {
  it('says nothing of a run that gets on, or is over', () => {
    expect(say({})).toBeUndefined();
    expect(say({ status: 'completed', last_event_at: ago(3600) })).toBeUndefined();
    expect(say({ status: 'pending', created_at: ago(29) }, { executors: executor(0) })).toBeUndefined();
    // Who could execute it was not asked yet.
    expect(say({ status: 'pending' })).toBeUndefined();
  });

  it('says why a run is pending', () => {
    const pending: Partial<Run> = { status: 'pending', executor: 'command', created_at: ago(372) };
    const since = 'Pending for 6 m 12 s: ';
    expect(say(pending, { executors: executor(0) })?.text).toBe(
      `${since}no live instance has the executor “command”.`,
    );
    expect(say(pending, { executors: [] })?.text).toMatch(/no live instance/);
    const ofWorkers = (live: number): Executors =>
      executor(live).map((one) => ({ ...one, served_by: 'workers' as const }));
    expect(say(pending, { executors: ofWorkers(0) })).toMatchObject({
      text: `${since}no worker asks for runs of “command”.`,
      advice: 'Start a worker for it, or cancel the run.',
    });
    expect(say(pending, { executors: ofWorkers(2) })?.text).toContain('2 live workers of “command” have');
    const slots = { total: 8, taken: 8, free: 0 };
    const full = executor(2, 5).map((one) => ({ ...one, slots }));
    expect(say(pending, { executors: full, before: 3 })?.text).toBe(
      `${since}all 8 slots of 2 instances are taken; 3 before it.`,
    );
    const one = executor(1, 1).map((each) => ({ ...each, slots: { total: 1, taken: 1, free: 0 } }));
    expect(say(pending, { executors: one })?.text).toBe(`${since}the only slot of 1 instance is taken.`);
    expect(say(pending, { executors: executor(2, 8), before: 3 })?.text).toBe(
      `${since}2 live instances of “command” have 8 runs of yours to execute, and 3 runs wait before it.`,
    );
    expect(say(pending, { executors: executor(1, 1), before: 0 })?.text).toBe(
      `${since}1 live instance of “command” has 1 run of yours to execute, and no run waits before it.`,
    );
  });

  it('says that a run is silent after half a minute, or after five of its usual pauses', () => {
    expect(say({ last_event_at: ago(30) })).toBeUndefined();
    expect(say({ last_event_at: ago(1020) })?.text).toMatch(
      /^Silent for 17 m 00 s\. Its producer is outside/,
    );
    const usual = { last: events(20, 10, 49) };
    expect(say({ last_event_at: ago(49) }, usual)).toBeUndefined();
    expect(say({ last_event_at: ago(51) }, { last: events(20, 10, 51) })?.actions).toEqual(['cancel']);
    // What came over the stream is newer than the record.
    expect(say({ last_event_at: ago(900) }, { last: events(2, 1, 3) })).toBeUndefined();
  });

  it('says who holds a run that is silent, and that the holder was lost', () => {
    const held = (leaseSeconds: number): Partial<Run> => ({
      executor: 'command',
      last_event_at: ago(100),
      holder: { instance: 'host-1', lease_until: ago(-leaseSeconds) },
    });
    expect(say(held(24))?.text).toBe('Silent for 1 m 40 s. Held by host-1, whose lease goes on for 24 s.');
    expect(say(held(-40))?.text).toBe('host-1 was lost: its lease on this run ended 40 s ago.');
    // The service has said in the log that another has it, and the record is not read again yet.
    const warned = events(1, 1, 10).map((one) => ({
      ...one,
      event: { category: 'system', action: 'warning' },
    }));
    expect(say(held(-40), { last: warned })).toBeUndefined();
    expect(say(held(-5), { last: warned })?.text).toMatch(/^host-1 was lost/);
  });

  it('says at once that somebody has to decide, and lets them', () => {
    const waits = (waiting_for: string): ReturnType<typeof say> =>
      say({ waiting_for, last_event_at: ago(5) });
    expect(waits('gate.approved,gate.rejected')).toMatchObject({
      text: 'Waits for gate.approved or gate.rejected, for 5 s.',
      actions: ['approve', 'reject', 'cancel'],
    });
    expect(waits('gate.approved')?.actions).toEqual(['approve', 'cancel']);
    expect(waits('gate.*')?.actions).toEqual(['approve', 'reject', 'cancel']);
    expect(waits('patch.created')).toBeUndefined();
    expect(say({ waiting_for: 'patch.created', last_event_at: ago(60) })?.text).toBe(
      'Waits for patch.created, for 1 m 00 s.',
    );
  });
});

describe('what a row shows of data', () => {
  it('is what tells most, in one line', () => {
    expect(preview({ content: 'two\n lines', name: 'x' })).toBe('two lines');
    expect(preview({ error: { message: 'exit code 1', stack: '…' } })).toBe('exit code 1');
    expect(preview({ n: 1, list: [true, null, 'a'], empty: {} })).toBe(
      '{n: 1, list: [true, null, "a"], empty: {}}',
    );
    expect(preview({})).toBe('');
  });

  it('is short, however large the data is', () => {
    expect(preview({ line: 'x'.repeat(1_000_000) })).toHaveLength(301);
    const deep = { rows: Array.from({ length: 100_000 }, (_, n) => ({ n, text: 'y'.repeat(1000) })) };
    expect(preview(deep).length).toBeLessThan(1000);
  });
});
