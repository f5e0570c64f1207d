import { ahead, count, counted, distance, duration, moment } from '../parts/format.js';
import { mostFrequent } from './error-key.js';
import {
  type ConsumerGroup,
  type GroupFacts,
  inOf,
  maxAttemptsOf,
  memberName,
  type PendingEvent,
  workOf,
} from './group-facts.js';
import { isHeldLong, stateOf, STEADY } from './group-state.js';
import { brief, type Sentence } from './sentence.js';

/** Why a group is as it is, the most telling first. */
export function sentencesOf(facts: GroupFacts, now: number): Sentence[] {
  const { group } = facts;
  const isIdle = group.paused || !group.handled;
  const first = group.paused ? paused(facts, now) : group.handled ? undefined : unhandled(facts, now);
  const all = [first, ...(isIdle ? [] : [troubled(facts, now), speed(facts, now)])].filter(
    (sentence) => sentence !== undefined,
  );
  return all.length > 0 ? all : [calm(facts)];
}

function paused({ group, at }: GroupFacts, now: number): Sentence {
  const work = workOf(group);
  const rest = work === 0 ? 'Nothing waits.' : waits(work, group.lag_ms + now - at);
  return [...pausedBy(group, now), `: nothing is begun until it is resumed. ${rest}`];
}

function pausedBy({ paused_by, paused_at }: ConsumerGroup, now: number): Sentence {
  const since = paused_at === undefined ? '' : ` at ${moment(paused_at, now)}`;
  return paused_by === undefined ? [`Paused${since}`] : ['Paused by ', { text: paused_by }, since];
}

function waits(work: number, ageMs: number): string {
  return `${counted(work, 'event')} ${work === 1 ? 'waits' : 'wait'}, the oldest for ${duration(ageMs)}.`;
}

function unhandled({ group, at }: GroupFacts, now: number): Sentence {
  const [last] = [...group.consumers].sort((a, b) => a.idle_ms - b.idle_ms);
  const work = workOf(group);
  const rest = work > 0 ? ` ${waits(work, group.lag_ms + now - at)}` : ' Nothing waits for it.';
  if (!last) return [`Nobody handles it, and nobody is known to have.${rest}`];
  const heard = distance(at - last.idle_ms, now);
  return ['Nobody handles it (last: ', { text: memberName(last.name) }, `, ${heard}).${rest}`];
}

function troubled(facts: GroupFacts, now: number): Sentence | undefined {
  const failing = facts.pending.filter(({ last_error }) => last_error !== null);
  const worst = mostFrequent(failing.map(({ last_error }) => last_error ?? ''));
  if (worst && failing.length > 1) {
    const more = failing.length - worst.count;
    const others = more > 0 ? ` (and ${more} for other reasons)` : '';
    const subject = worst.count === 1 ? '1 event is' : `${count(worst.count)} events are`;
    return [`${subject} tried again and again${others}: `, { text: brief(worst.text) }];
  }
  const [oldest] = failing.length > 0 ? failing : isHeldLong(facts) ? facts.pending : [];
  if (oldest) return one(oldest, facts, now);
  const { delayed_retries: retries } = facts.group;
  if (retries > 0)
    return [`${counted(retries, 'event')} ${retries === 1 ? 'waits' : 'wait'} for another try.`];
  return undefined;
}

/** An event, and what it waits for. */
function one(event: PendingEvent, { group, at }: GroupFacts, now: number): Sentence {
  const { entry, run_id, attempts, next_try_at, last_error, consumer, state, idle_ms } = event;
  const most = maxAttemptsOf(group);
  const of = most === undefined ? '' : ` of ${most}`;
  const holder = { text: memberName(consumer) };
  const whose: Sentence = run_id === null ? ['that is trimmed'] : ['of run ', { run: run_id }];
  const held: Sentence =
    next_try_at !== null
      ? [`, next ${ahead(Date.parse(next_try_at), now)}`]
      : state === 'abandoned'
        ? [', lost by ', holder, ': another process takes it over']
        : state === 'running' || state === 'suspect'
          ? [', at work in ', holder, `, heard ${distance(at - idle_ms, now)}`]
          : state === 'parked'
            ? [', behind an earlier event of its run']
            : [];
  const error: Sentence = last_error === null ? [] : [', last error ', { text: brief(last_error) }];
  return [`Event ${entry} `, ...whose, `: attempt ${attempts}${of}`, ...held, ...error];
}

function speed(facts: GroupFacts, now: number): Sentence | undefined {
  const { growth, out, group, at } = facts;
  if (stateOf(facts) === 'stuck') return [`Nothing comes out: ${waits(group.lag, group.lag_ms + now - at)}`];
  if (growth === undefined || group.lag === 0) return undefined;
  const into = inOf(facts);
  const flow =
    into === undefined || out === undefined ? '' : `${perSecond(into)} in, ${perSecond(out)} out: `;
  if (growth >= STEADY) return [sentence(`${flow}grows ${perSecond(growth)}.`)];
  if (growth > -STEADY) return flow === '' ? undefined : [`${flow}${counted(group.lag, 'event')} behind.`];
  return [sentence(`${flow}caught up in about ${duration((group.lag / -growth) * 1000)}.`)];
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function calm({ group }: GroupFacts): Sentence {
  if (group.pending > 0) return [`${counted(group.pending, 'event')} at work.`];
  return [group.lag > 0 ? `${counted(group.lag, 'event')} on the way.` : 'Everything is handled.'];
}

/** As in `30/s`, `0.4/s`. */
export function perSecond(rate: number): string {
  const text = rate >= 10 ? count(Math.round(rate)) : String(Math.round(rate * 10) / 10);
  return `${rate > 0 && text === '0' ? '< 0.1' : text}/s`;
}
