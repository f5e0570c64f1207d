import type { AnswerOf, Run, RunEvent } from '@runstream/client';
import { counted, duration } from '../parts/format.js';
import { servedBy } from './served-by.js';
import { appendedAt } from '../rows/events.js';

/** Before this, nothing is strange. */
export const PATIENCE_MS = 30_000;
const PAUSES = 5;

export type Executors = AnswerOf<'listExecutors'>['executors'];

/** What is known of a run. */
export interface Known {
  run: Run;
  /** Undefined when it was not asked. */
  executors: Executors | undefined;
  /** How many runs of its executor have waited for longer; undefined when it was not asked. */
  before: number | undefined;
  /** Its last events, the newest last. */
  last: readonly RunEvent[];
  nowMs: number;
}

export interface Sentence {
  text: string;
  /** What to do about it. */
  advice: string;
  actions: readonly ('cancel' | 'approve' | 'reject')[];
}

/** Why a run does not get on; undefined when it does, or has ended. */
export function sentenceOf(known: Known): Sentence | undefined {
  const { status } = known.run;
  if (status === 'pending') return pending(known);
  return status === 'running' ? (lost(known) ?? waits(known) ?? silent(known)) : undefined;
}

function pending({ run, executors, before, nowMs }: Known): Sentence | undefined {
  const waitMs = nowMs - Date.parse(run.created_at);
  if (waitMs <= PATIENCE_MS || !executors) return undefined;
  const { executor } = run;
  const since = `Pending for ${duration(waitMs)}`;
  const found = executors.find(({ name }) => name === executor);
  if (!found || found.live_instances === 0)
    return {
      text:
        servedBy(found) === 'worker'
          ? `${since}: no worker asks for runs of “${executor}”.`
          : `${since}: no live instance has the executor “${executor}”.`,
      advice: `Start a ${servedBy(found) === 'worker' ? 'worker for it' : 'service that has it'}, or cancel the run.`,
      actions: ['cancel'],
    };
  const { slots } = found;
  if (slots && slots.total > 0 && slots.free === 0)
    return {
      text: `${since}: ${slots.total === 1 ? 'the only slot' : `all ${slots.total} slots`} of ${counted(found.live_instances, 'instance')} ${slots.total === 1 ? 'is' : 'are'} taken${before === undefined ? '' : `; ${before} before it`}.`,
      advice:
        'It is taken up when one of them has ended. More instances, or more concurrency, make more room.',
      actions: ['cancel'],
    };
  const instances = counted(found.live_instances, `live ${servedBy(found)}`);
  const others = before === undefined ? '' : `, and ${count(before)} before it`;
  return {
    text: `${since}: ${instances} of “${executor}” ${found.live_instances === 1 ? 'has' : 'have'} ${counted(found.running, 'run')} of yours to execute${others}.`,
    advice: `It is taken up when one of them has room. More ${servedBy(found)}s make more room.`,
    actions: ['cancel'],
  };
}

const count = (runs: number): string =>
  runs === 0 ? 'no run waits' : `${counted(runs, 'run')} ${runs === 1 ? 'waits' : 'wait'}`;

function lost({ run: { holder }, last, nowMs }: Known): Sentence | undefined {
  const leaseUntil = holder ? Date.parse(holder.lease_until) : 0;
  const overMs = nowMs - leaseUntil;
  if (!holder || overMs <= 0) return undefined;
  // The log says sooner than the run that another has taken it up.
  if (last.some((event) => event.event.category === 'system' && appendedAt(event) > leaseUntil))
    return undefined;
  return {
    text: `${holder.instance} was lost: its lease on this run ended ${duration(overMs)} ago.`,
    advice: 'Another one starts it again, or it ends as “executor lost”. That takes a minute at most.',
    actions: ['cancel'],
  };
}

/** Somebody has to say so, so it is said at once. */
function waits(known: Known): Sentence | undefined {
  const types = waitsFor(known.run);
  if (types.length === 0) return undefined;
  const silentMs = silenceOf(known);
  const answers = (action: string): boolean => types.includes(`gate.${action}`) || types.includes('gate.*');
  const [isGate, canReject] = [answers('approved'), answers('rejected')];
  if (!isGate && !canReject && silentMs <= boundOf(known.last)) return undefined;
  return {
    text: `Waits for ${types.join(' or ')}, for ${duration(silentMs)}.${heldBy(known)}`,
    advice: isGate ? 'Somebody has to decide.' : 'It goes on when somebody appends such an event.',
    actions: [...(isGate ? ['approve' as const] : []), ...(canReject ? ['reject' as const] : []), 'cancel'],
  };
}

function silent(known: Known): Sentence | undefined {
  const silentMs = silenceOf(known);
  if (silentMs <= boundOf(known.last)) return undefined;
  const { run } = known;
  const text = `Silent for ${duration(silentMs)}.`;
  if (run.executor === 'external')
    return {
      text: `${text} Its producer is outside of the service, which can’t say what became of it.`,
      advice:
        'When it stays silent for RUN_IDLE_TIMEOUT_SECONDS, a day by default, it fails as “producer lost”.',
      actions: ['cancel'],
    };
  return {
    text: `${text}${heldBy(known)}`,
    advice: 'The process is alive and says nothing: it works, or hangs.',
    actions: ['cancel'],
  };
}

function heldBy({ run: { holder }, nowMs }: Known): string {
  if (!holder) return '';
  return ` Held by ${holder.instance}, whose lease goes on for ${duration(Date.parse(holder.lease_until) - nowMs)}.`;
}

export function waitsFor({ waiting_for }: Run): string[] {
  return waiting_for === null ? [] : waiting_for.split(',');
}

function silenceOf({ run, last, nowMs }: Known): number {
  const newest = last.at(-1);
  const said = Math.max(
    newest ? appendedAt(newest) : 0,
    Date.parse(run.last_event_at ?? run.started_at ?? run.created_at),
  );
  return nowMs - said;
}

/** How long a silence is nothing strange, for a run that speaks like this. */
function boundOf(last: readonly RunEvent[]): number {
  const pauses = last
    .slice(1)
    .map((event, at) => appendedAt(event) - appendedAt(last[at] ?? event))
    .sort((a, b) => a - b);
  return Math.max(PATIENCE_MS, PAUSES * (pauses[pauses.length >> 1] ?? 0));
}
