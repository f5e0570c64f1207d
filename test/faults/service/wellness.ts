import { setTimeout as delay } from 'node:timers/promises';
import { GROUPS, NUMBERED } from './app-config.js';
import { ask } from './ask.js';
import type { Cast } from './cast.js';
import { type Stage, urlOf } from './stage.js';
import type { Stored } from './stored.js';

const POLL_MS = 250;
/** How far back events of a run are looked at for one that was produced since. */
const TAIL = 40;
/** A group that is up to date may hold what came in so short a time. */
const FRESH_MS = 1500;

interface GroupAnswer {
  group: string;
  lag: number;
  oldest_pending_age_ms: number | null;
}

/** What has to be well again. */
export type Wellness = 'watchers' | 'producers' | 'runs' | 'groups';

export interface Recovery {
  /** From the end of the fault until all was well; infinite when it was not in time. */
  seconds: number;
  /** The same for each part of it. */
  of: Record<Wellness, number>;
  /** What was not well in the end: sentences. */
  unwell: string[];
  /** The same when it was looked at for the last time but one. */
  last: string[];
}

/**
 * Waits until all is well: every watcher has what its run had one look ago, every run has been produced for since, and
 * no group is behind.
 *
 * @param since the end of the fault, in ms since the epoch
 */
export async function untilWell(
  stage: Stage,
  cast: Cast,
  stored: Stored,
  since: number,
  withinMs: number,
): Promise<Recovery> {
  const deadline = Date.now() + withinMs;
  const of: Recovery['of'] = { watchers: 0, producers: 0, runs: 0, groups: 0 };
  let heads: Map<string, Head> | undefined;
  let last: string[] = [];
  for (;;) {
    const at = (Date.now() - since) / 1000;
    const [silent, seen] = await lookAtRuns(cast, stored, since);
    const found: Record<Wellness, string[]> = {
      watchers: heads ? watchersBehind(cast, heads) : ['nothing to compare them with yet'],
      producers: cast.producers
        .filter(({ lastAckAt }) => lastAckAt <= since)
        .map(({ runId }) => `nothing was acknowledged to the producer of ${runId}`),
      runs: silent.map((runId) => `nothing was produced in ${runId}`),
      groups: await groupsBehind(stage),
    };
    const unwell = Object.values(found).flat();
    if (unwell.length === 0) return { seconds: at, of, unwell, last };
    for (const part of Object.keys(found) as Wellness[]) if (found[part].length > 0) of[part] = at;
    if (Date.now() > deadline) return { seconds: Number.POSITIVE_INFINITY, of, unwell, last };
    last = unwell;
    heads = seen;
    await delay(POLL_MS);
  }
}

function watchersBehind({ watchers }: Cast, heads: ReadonlyMap<string, Head>): string[] {
  return watchers.flatMap(({ name, runId, type, isOver, isConnected, cursor }) => {
    const head = heads.get(runId)?.[type === undefined ? 'all' : 'numbered'];
    if (isOver || head === undefined || sequenceOf(cursor) >= sequenceOf(head)) return [];
    const state = isConnected ? 'connected' : 'not connected';
    return [`${name} of ${runId} (${state}) is at ${cursor || 'nothing'}, its run at ${head}`];
  });
}

/** The ids of a run's last event, and of the last that a filter does not hide. */
interface Head {
  all: string;
  numbered: string;
}

/** Runs in which nothing numbered was stored since, and the head of each. */
async function lookAtRuns(cast: Cast, stored: Stored, since: number): Promise<[string[], Map<string, Head>]> {
  const { inside, outside } = cast.liveRuns;
  const silent: string[] = [];
  const heads = new Map<string, Head>();
  for (const runId of [...inside, ...outside]) {
    const tail = await stored.tail(runId, TAIL);
    const numbered = tail.find(({ type }) => type === NUMBERED);
    if (tail[0]) heads.set(runId, { all: tail[0].id, numbered: numbered?.id ?? '0-0' });
    if (Number(numbered?.id.split('-')[0] ?? 0) <= since) silent.push(runId);
  }
  return [silent, heads];
}

async function groupsBehind({ serviceProxies }: Stage): Promise<string[]> {
  const answer = await ask(`${urlOf(serviceProxies[0]!)}/consumers`, { timeoutMs: 5000 });
  if (answer.status !== 200) return [`GET /consumers: ${answer.status}`];
  const groups = answer.body['groups'] as GroupAnswer[];
  return GROUPS.flatMap(({ name }) => {
    const group = groups.find((one) => one.group === name);
    if (!group) return [`there is no group "${name}"`];
    const age = group.oldest_pending_age_ms ?? 0;
    const isFresh = age < FRESH_MS && group.lag < 100;
    return isFresh ? [] : [`"${name}" has a lag of ${group.lag}, and holds an event for ${age} ms`];
  });
}

function sequenceOf(id: string): number {
  return Number(id.split('-')[1] ?? 0);
}
