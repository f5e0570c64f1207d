import type { EventStore, JournalEntry, PartitionKeys, RawEntry } from '../../event-store/index.js';
import { compareEventIds } from '../../events/index.js';
import type { Effect } from '../delivery/effects.js';
import {
  type Beginning,
  type Holding,
  type Lease,
  type Outcome,
  type Settlement,
} from '../delivery/lease.js';

/** An outcome, as settle.lua takes it. Workers show a token of their own, and know nothing of fences and epochs. */
export interface SettledOutcome extends Omit<Outcome, 'kind' | 'token'> {
  kind: Outcome['kind'] | 'backoff';
  token: number | string;
}

/** What settle.lua answers: which of the plain successes were lost, counted from 1; then the rest in order. */
export type SettleReply = [lost: number[], ...others: Settlement[]];

/** What is not wanted here, and the versions of the handler that may want it, with a process each that has it. */
export interface Refused {
  entry: JournalEntry;
  to: readonly { fingerprint: string; member: string }[];
}

/** As hand-on.lua takes it. */
export function refusedArgs(refused: readonly Refused[]): (string | number)[] {
  return refused.flatMap(({ entry, to }) => [
    entry.id,
    to.length,
    ...to.flatMap(({ fingerprint, member }) => [fingerprint, member]),
  ]);
}

/** What is held and has not begun. */
export interface Unbegun {
  entry: JournalEntry;
}

/** What a script is called with. A Redis Cluster must be told of every key that it touches. */
export interface ScriptCall {
  keys: string[];
  args: (string | number)[];
}

/** Where an entry's done marker is; undefined for one that has none. */
export type MarkerKey = (epoch: string, entry: JournalEntry) => string | undefined;

/** Entries, as begin.lua takes them. */
export function beginCall(
  keys: readonly string[],
  args: readonly (string | number)[],
  held: readonly Holding[],
  epoch: string,
  markerKey: MarkerKey,
): ScriptCall {
  const call: ScriptCall = { keys: [...keys], args: [...args, ...idRange(held)] };
  for (const { entry, holding } of held) {
    call.args.push(entry.id, addMarker(call, markerKey, epoch, entry), holding);
  }
  return call;
}

/** Leases, as beat.lua takes them. */
export function beatCall(
  keys: readonly string[],
  args: readonly (string | number)[],
  held: readonly (Lease | Unbegun)[],
  markerKey: MarkerKey,
): ScriptCall {
  const call: ScriptCall = { keys: [...keys], args: [...args, ...idRange(held)] };
  for (const one of held) {
    const { entry } = one;
    if ('token' in one) {
      const number = addMarker(call, markerKey, one.epoch, entry);
      call.args.push(entry.id, one.token, number, one.fence, one.epoch);
    } else call.args.push(entry.id, '', 0, '', '');
  }
  return call;
}

/**
 * Outcomes, as settle.lua takes them: the runs that effects are made to, then plain successes in a short form, then the
 * rest.
 *
 * @param limits of the tenant, where effects are made
 * @param ofWorkers what settle.lua is told of a group of workers, else ''
 */
export function settleCall(
  store: EventStore,
  tenantId: string,
  partition: Pick<PartitionKeys, 'dispatch'>,
  keys: readonly string[],
  args: readonly (string | number)[],
  limits: string,
  outcomes: readonly SettledOutcome[],
  markerKey: MarkerKey,
  ofWorkers = '',
): ScriptCall {
  const call: ScriptCall = { keys: [...keys], args: [...args, ...idRange(outcomes), limits, ofWorkers] };
  const plain = outcomes.filter(isPlain);
  const others = outcomes.filter((outcome) => !isPlain(outcome));

  const runs = new Map<string, number>();
  for (const { effects } of others) {
    for (const { runId } of effects) if (!runs.has(runId)) runs.set(runId, runs.size + 1);
  }
  call.args.push(runs.size);
  for (const runId of runs.keys()) {
    const { run, events, idempotencyKeys, live } = store.keys.run(tenantId, runId);
    call.keys.push(run, events, idempotencyKeys);
    call.args.push(runId, live);
  }

  call.args.push(plain.length);
  for (const { entry, token, epoch } of plain) {
    call.args.push(entry.id, token, addMarker(call, markerKey, epoch, entry));
  }
  for (const { entry, token, epoch, kind, delayMs, error, effects } of others) {
    call.args.push(entry.id, token, addMarker(call, markerKey, epoch, entry));
    call.args.push(kind, Math.ceil(delayMs), error);
    addEffects(call, store, partition, effects, runs);
  }
  return call;
}

/** What take.lua answers. */
export type TakeReply =
  | ['FENCED']
  | ['PAUSED']
  | [
      nextMs: number,
      buried: number,
      more: '0' | '1',
      token: number,
      epoch: string,
      notNew: number,
      ...entries: RawEntry[],
    ];

/** What begin.lua answers. */
export type BeginReply =
  | ['PAUSED']
  | ['FENCED']
  | ['EPOCH', epoch: string]
  | [token: number, epoch: string, ...states: (number | string)[]];

/** In the order of the entries. */
export function readBeginnings(
  held: readonly Holding[],
  [token, epoch, ...states]: Extract<BeginReply, [number, ...unknown[]]>,
  fence: string,
): Beginning[] {
  const run = (attempt: number): Beginning => ({ kind: 'run', attempt, token, epoch, fence });
  if (states[0] === 'first') {
    const first = run(1);
    return held.map(() => first);
  }
  return states.map((state): Beginning => {
    if (typeof state === 'number') return run(state);
    if (state === 'alone') return { kind: 'suspect', isAgain: true };
    if (state === 'suspect') return { kind: 'suspect', isAgain: false };
    return { kind: state as 'lost' | 'done' | 'elsewhere' | 'dead' };
  });
}

/** In the order of the outcomes. */
export function readSettlements(outcomes: readonly Outcome[], [lost, ...others]: SettleReply): Settlement[] {
  const lostOnes = new Set(lost);
  let plain = 0;
  let other = 0;
  return outcomes.map((outcome) => {
    if (!isPlain(outcome)) return others[other++] ?? 'lost';
    return lostOnes.has(++plain) ? 'lost' : 'ok';
  });
}

/** The least and the greatest id. */
function idRange(held: readonly { entry: JournalEntry }[]): string[] {
  let first = held[0]?.entry;
  let last = first;
  if (!first || !last) return ['-', '+'];
  for (const { entry } of held) {
    if (compareEventIds(entry.position, first.position) < 0) first = entry;
    if (compareEventIds(entry.position, last.position) > 0) last = entry;
  }
  return [first.id, last.id];
}

function isPlain({ kind, effects }: SettledOutcome): boolean {
  return kind === 'ok' && effects.length === 0;
}

function addEffects(
  call: ScriptCall,
  store: EventStore,
  partition: Pick<PartitionKeys, 'dispatch'>,
  effects: readonly Effect[],
  runs: ReadonlyMap<string, number>,
): void {
  const count = call.args.push(0) - 1;
  let written = 0;
  for (let i = 0; i < effects.length; written++) {
    const effect = effects[i];
    if (!effect) break;
    const run = runs.get(effect.runId) ?? 0;
    if (effect.kind === 'start') {
      i++;
      const { executor } = effect;
      const dispatch = executor === undefined ? 0 : call.keys.push(partition.dispatch(executor));
      call.args.push('start', run, dispatch, ...effect.fields, effect.events.length);
      for (const arg of store.eventArgs(effect.events)) call.args.push(arg);
      continue;
    }
    // What goes to one run in a row is appended as one batch, which costs a fraction.
    const events = [effect.event];
    for (i++; ; i++) {
      const next = effects[i];
      if (next?.kind !== 'publish' || next.runId !== effect.runId) break;
      events.push(next.event);
    }
    call.args.push('publish', run, events.length);
    for (const arg of store.eventArgs(events)) call.args.push(arg);
  }
  call.args[count] = written;
}

/** Its number among the keys, counted from 1 as Lua does; 0 without one. */
function addMarker(call: ScriptCall, markerKey: MarkerKey, epoch: string, entry: JournalEntry): number {
  const key = markerKey(epoch, entry);
  return key === undefined ? 0 : call.keys.push(key);
}
