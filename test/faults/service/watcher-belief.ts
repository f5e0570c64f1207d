import { compareEventIds, parseEventId } from '../../../src/events/index.js';
import type { LogEvent, WatcherHistory } from './service-history.js';

/** What a watcher holds for true after all that it was told, and where it was told wrong on the way. */
export interface Belief {
  /** Ids of the events that it holds, in the order of their coming. */
  held: string[];
  /** The log has less than the watcher was once given; it knows. */
  missedBefore: string | undefined;
  /** How its stream ended, if it did. */
  ended: 'close' | 'deleted' | 'over' | `refused ${number}` | undefined;
  doubled: string[];
  disordered: string[];
  /** Sentences about what it can't know to be wrong. */
  misled: string[];
}

/** Follows docs/protocol.md 3.3 as a client must. */
export function beliefOf({ seen, type }: WatcherHistory): Belief {
  const belief: Belief = {
    held: [],
    missedBefore: undefined,
    ended: undefined,
    doubled: [],
    disordered: [],
    misled: [],
  };
  let known = new Set<string>();
  let provisional = new Set<string>();
  /** After a gap a jump is no surprise. */
  let mayJump = false;
  for (const one of seen) {
    if (belief.ended === 'close' || belief.ended === 'deleted')
      belief.misled.push(`${one.kind} after the close`);
    switch (one.kind) {
      case 'connected':
        provisional = new Set();
        break;
      case 'event': {
        const { id, dataId, key } = one;
        if (id !== dataId) belief.misled.push(`the frame ${id} holds the event ${dataId}`);
        provisional.delete(key);
        const last = belief.held.at(-1);
        if (known.has(id)) belief.doubled.push(id);
        else {
          const [before, now] = [last === undefined ? undefined : parseEventId(last), parseEventId(id)];
          if (before && compareEventIds(now, before) < 0) belief.disordered.push(id);
          else if (type === undefined && !mayJump && now.sequence !== (before?.sequence ?? 0) + 1) {
            belief.misled.push(`${id} came after ${last ?? 'nothing'}, and it was not told of a gap`);
          }
          known.add(id);
          belief.held.push(id);
        }
        mayJump = false;
        break;
      }
      case 'gap':
        mayJump = true;
        if (one.reason === 'diverged') {
          belief.held = [];
          known = new Set();
          belief.missedBefore = undefined;
        } else belief.missedBefore = belief.held.at(-1) ?? '0-0';
        break;
      case 'provisional':
        provisional.add(one.key);
        if (one.looksDurable) belief.misled.push(`the provisional event ${one.key} passes for a stored one`);
        break;
      case 'close':
        belief.ended = one.reason === 'deleted' ? 'deleted' : 'close';
        break;
      case 'over':
        belief.ended = 'over';
        break;
      case 'refused':
        belief.ended = `refused ${one.status}`;
        break;
      case 'cursor':
        break;
    }
  }
  return belief;
}

/** In how far what a watcher holds is not what the log has: sentences, none if all is well. */
export function compareWithLog(
  watcher: WatcherHistory,
  belief: Belief,
  log: readonly LogEvent[] | undefined,
): string[] {
  const { held, ended } = belief;
  if (log === undefined) {
    const knows =
      ended === 'deleted' || ended === 'refused 404' || ended === 'refused 410' || held.length === 0;
    return knows ? [] : [`it holds ${held.length} events of a run that is gone, and was not told`];
  }
  if (ended === 'deleted') return ['it was told that the run was deleted, and it was not'];
  const problems: string[] = [];
  if (ended === undefined) problems.push('its stream never came to an end');
  else if (ended.startsWith('refused'))
    problems.push(`it was ${ended}, and a real EventSource does not come back`);
  const terminal = log.at(-1);
  if (
    ended === 'close' &&
    watcher.type === undefined &&
    !(terminal?.isTerminal && held.at(-1) === terminal.id)
  ) {
    problems.push('close came without the terminal event');
  }
  const { type } = watcher;
  const shown = type === undefined ? log : log.filter((event) => matches(event.type, type));
  const after = belief.missedBefore;
  const expected = new Set(shown.map(({ id }) => id));
  const holds = new Set(held);
  const invented = held.filter((id) => !expected.has(id));
  const missing = shown.filter(({ id }) => !holds.has(id) && (after === undefined || isAfter(id, after)));
  if (invented.length > 0)
    problems.push(`it holds ${invented.length} events that are not stored: ${invented[0]}`);
  if (missing.length > 0)
    problems.push(`it lacks ${missing.length} events: ${missing[0]?.id} (${missing[0]?.type})`);
  return problems;
}

function isAfter(id: string, after: string): boolean {
  return compareEventIds(parseEventId(id), parseEventId(after)) > 0;
}

function matches(type: string, filter: string): boolean {
  return filter
    .split(',')
    .some((pattern) => (pattern.endsWith('.*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern));
}
