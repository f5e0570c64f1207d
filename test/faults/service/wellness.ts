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

/**
 * Waits until all is well: every watcher has what its run had one look ago, every run has been produced for since, and
 * no group is behind. Returns after how many seconds from `since` (ms since the epoch) it was and what was the last to be
 * well, or what was not.
 */
export async function untilWell(
  stage: Stage,
  cast: Cast,
  stored: Stored,
  since: number,
  withinMs: number,
): Promise<{ seconds: number; unwell: string[]; last: string }> {
  const deadline = Date.now() + withinMs;
  let heads = new Map<string, string>();
  let unwell: string[] = [];
  let last = '';
  while (Date.now() < deadline) {
    const behind = cast.watchers.filter(({ runId, isOver, cursor }) => {
      const head = heads.get(runId);
      return !isOver && head !== undefined && sequenceOf(cursor) < sequenceOf(head);
    });
    const idle = cast.producers.filter(({ lastAckAt }) => lastAckAt <= since);
    const [silent, seen] = await lookAtRuns(cast, stored, since);
    unwell = [
      ...(heads.size === 0 ? ['not looked at yet'] : []),
      ...behind.map(({ name, runId, cursor, isConnected }) => {
        const state = isConnected ? 'connected' : 'not connected';
        return `${name} of ${runId} (${state}) is at ${cursor || 'nothing'}, its run at ${heads.get(runId)}`;
      }),
      ...idle.map(({ runId }) => `nothing was acknowledged to the producer of ${runId}`),
      ...silent.map((runId) => `nothing was produced in ${runId}`),
      ...(await groupsBehind(stage)),
    ];
    if (unwell.length === 0) return { seconds: (Date.now() - since) / 1000, unwell, last };
    last = unwell[0] ?? '';
    heads = seen;
    await delay(POLL_MS);
  }
  return { seconds: Number.POSITIVE_INFINITY, unwell, last };
}

/** Runs in which nothing numbered was stored since, and the last id of each. */
async function lookAtRuns(
  cast: Cast,
  stored: Stored,
  since: number,
): Promise<[string[], Map<string, string>]> {
  const { inside, outside } = cast.liveRuns;
  const silent: string[] = [];
  const heads = new Map<string, string>();
  for (const runId of [...inside, ...outside]) {
    const tail = await stored.tail(runId, TAIL);
    if (tail[0]) heads.set(runId, tail[0].id);
    if (!tail.some(({ id, type }) => type === NUMBERED && Number(id.split('-')[0]) > since))
      silent.push(runId);
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
