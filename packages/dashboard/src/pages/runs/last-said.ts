import type { AnswerOf } from '@runstream/client';
import { counted, duration } from '../../parts/format.js';
import { servedBy } from '../../sentences/served-by.js';

export type RunItem = AnswerOf<'listRuns'>['runs'][number];
export type Executor = AnswerOf<'listExecutors'>['executors'][number];

/** Nothing is called quiet before. */
const QUIET_MS = 30_000;
/** So many times the pause that a run usually makes. */
const PAUSES = 5;
const MAX_CHARS = 300;

/** What a run is called here: one that says nothing for longer than it usually does is quiet. */
export type Standing = RunItem['status'] | 'quiet';

export function standingOf(run: RunItem, now: number): Standing {
  return run.status === 'running' && silenceOf(run, now) > quietAfterMs(run) ? 'quiet' : run.status;
}

/** How long nothing was said, in ms. */
export function silenceOf({ last_event_at, started_at, created_at }: RunItem, now: number): number {
  return Math.max(0, now - Date.parse(last_event_at ?? started_at ?? created_at));
}

function quietAfterMs({ started_at, created_at, last_event_at, sequence }: RunItem): number {
  const spokenMs = Date.parse(last_event_at ?? created_at) - Date.parse(started_at ?? created_at);
  return Math.max(QUIET_MS, (PAUSES * spokenMs) / Math.max(1, sequence - 1));
}

/** How long a run took, or takes by now, in ms. */
export function tookMs({ started_at, created_at, completed_at }: RunItem, now: number): number {
  return (completed_at === null ? now : Date.parse(completed_at)) - Date.parse(started_at ?? created_at);
}

/** What to know of a run without opening it. @param executors undefined while they are not known */
export function lastSaid(run: RunItem, executors: readonly Executor[] | undefined, now: number): string {
  if (run.status === 'pending') return waitsFor(run, executors, now);
  if (run.status === 'running') return doesNow(run, now);
  if (run.status === 'failed') return run.error === null ? 'failed' : inShort(run.error);
  if (run.status === 'completed' && isShort(run.result)) return inShort(run.result);
  return `${run.status} ${ago(Date.parse(run.completed_at ?? run.created_at), now)}`;
}

function waitsFor(
  { executor, created_at }: RunItem,
  executors: readonly Executor[] | undefined,
  now: number,
): string {
  const known = executors?.find(({ name }) => name === executor);
  if (known?.live_instances === 0)
    return servedBy(known) === 'worker'
      ? `no worker asks for runs of “${executor}”`
      : `no live instance has “${executor}”`;
  if (executors && !known) return `this instance does not know the executor “${executor}”`;
  const waited = now - Date.parse(created_at);
  if (!known || waited < QUIET_MS) return 'waits to be taken up';
  const { live_instances, running, pending } = known;
  return `waits for ${duration(waited)} · ${counted(live_instances, servedBy(known))}, ${running} running, ${pending} pending`;
}

function doesNow(run: RunItem, now: number): string {
  const { holder, waiting_for, executor, last_event_at } = run;
  const lostMs = holder ? now - Date.parse(holder.lease_until) : 0;
  if (holder && lostMs > 0)
    return `${holder.instance} was lost ${duration(lostMs)} ago; another takes over, or the run ends`;
  const waits = waiting_for === null ? '' : `waits for ${waiting_for.replaceAll(',', ', ')}`;
  if (standingOf(run, now) === 'quiet') {
    const who =
      executor === 'external' ? 'its producer is outside' : holder ? `held by ${holder.instance}` : '';
    const why = waits || who;
    return `silent for ${duration(silenceOf(run, now))}${why && ` · ${why}`}`;
  }
  if (waits) return waits;
  return last_event_at === null
    ? 'nothing said yet'
    : `said something ${ago(Date.parse(last_event_at), now)}`;
}

/** As in `12 s ago`. */
export function ago(at: number, now: number): string {
  return now - at < 1000 ? 'just now' : `${duration(now - at)} ago`;
}

function isShort(value: unknown): boolean {
  return (
    (typeof value === 'string' && value !== '') || typeof value === 'number' || typeof value === 'boolean'
  );
}

/** The first line of what an error or a result says. Lists leave out what is long: then it is undefined. */
function inShort(value: unknown): string {
  if (value === undefined) return 'more than fits here: open it';
  const { message } = (value ?? {}) as { message?: unknown };
  const text =
    typeof value === 'string' ? value : typeof message === 'string' ? message : JSON.stringify(value);
  const [line = ''] = text.trimStart().split('\n', 1);
  return line.length > MAX_CHARS ? `${line.slice(0, MAX_CHARS)}…` : line;
}
