/** What happened in a run of the fault tests, as far as the promises of consumer groups speak of it. */
export interface FaultHistory {
  leaseMs: number;
  groups: { name: string; ordered: boolean }[];
  /** Events that were acknowledged to their producer, all of which every group handles. */
  events: ProducedEvent[];
  /** Every call of a handler. */
  attempts: HandlerAttempt[];
  /** Every effect that is in Redis; each was written in one step with the acknowledgement of its attempt. */
  commits: Commit[];
  dead: { group: string; event: string }[];
  /** When workers could not speak to Redis: stopped, starved, or Redis away. */
  silences: Silence[];
}

export interface ProducedEvent {
  id: string;
  runId: string;
  sequence: number;
  /** The group whose process it kills each time. */
  poisons: string | null;
}

export interface HandlerAttempt {
  group: string;
  event: string;
  /** One start of a process. */
  worker: string;
  token: number;
  beganAt: number;
  /** When the handler returned, or its process died. */
  endedAt: number;
}

export interface Commit {
  group: string;
  event: string;
  token: number;
  /** By Redis's clock, in whole ms. */
  at: number;
  /** Commits of one run are in one log: their order there. */
  position: number;
}

export interface Silence {
  /** Absent when it is all workers'. */
  worker?: string;
  from: number;
  to: number;
}

export type Promised =
  /** Acknowledged, and neither committed nor dead-lettered. */
  | 'lost'
  /** Committed more than once, or committed and dead-lettered. */
  | 'doubled'
  /** Committed by an attempt when another had begun since. */
  | 'late'
  /** Two attempts at once, and the first had had every chance to keep its lease. */
  | 'overlapping'
  /** Of one run, begun or committed before what comes earlier in it. */
  | 'disordered'
  /** A poison event that was not dead-lettered. */
  | 'survived'
  /** Dead-lettered, and not poison. */
  | 'condemned'
  /** An effect of an event or attempt that never was. */
  | 'invented';

export interface Violation {
  broken: Promised;
  group: string;
  event: string;
  detail: string;
}

/** Finds every place where a history breaks a promise. Times of different clocks may differ by `slackMs`. */
export function checkHistory(history: FaultHistory, slackMs = 2): Violation[] {
  return history.groups.flatMap((group) => [
    ...checkOutcomes(history, group.name),
    ...checkLeases(history, group.name),
    ...(group.ordered ? checkOrder(history, group.name, slackMs) : []),
  ]);
}

function checkOutcomes(history: FaultHistory, group: string): Violation[] {
  const violations: Violation[] = [];
  const commits = byEvent(history.commits, group);
  const dead = byEvent(history.dead, group);
  const attempts = byEvent(history.attempts, group);
  const known = new Set<string>();
  for (const { id: event, poisons } of history.events) {
    known.add(event);
    const found = (broken: Promised, detail: string): void => {
      violations.push({ broken, group, event, detail });
    };
    const [committed, buried] = [commits.get(event) ?? [], dead.get(event) ?? []];
    if (committed.length + buried.length === 0) found('lost', 'neither committed nor dead-lettered');
    if (committed.length + buried.length > 1) {
      found('doubled', `committed ${committed.length} times, dead-lettered ${buried.length} times`);
    }
    if (poisons === group && buried.length === 0) found('survived', 'poison that is not dead-lettered');
    if (poisons !== group && buried.length > 0) {
      const tries = attempts
        .get(event)
        ?.map((one) => `${one.worker} for ${(one.endedAt - one.beganAt).toFixed(0)} ms`);
      found('condemned', `dead-lettered, and it did no harm: ${tries?.join(', ')}`);
    }
    for (const { token } of committed) {
      const tokens = (attempts.get(event) ?? []).map((attempt) => attempt.token);
      const highest = Math.max(...tokens);
      if (!tokens.includes(token)) found('invented', `committed under token ${token}, which nobody began`);
      else if (token < highest) found('late', `committed under token ${token}, and ${highest} had begun`);
    }
  }
  for (const event of [...commits.keys(), ...dead.keys()]) {
    if (!known.has(event)) {
      violations.push({ broken: 'invented', group, event, detail: 'an event that was never acknowledged' });
    }
  }
  return violations;
}

/** One live lease on one entry at a time: whoever is overtaken must have been silent for the better part of a lease. */
function checkLeases(history: FaultHistory, group: string): Violation[] {
  const violations: Violation[] = [];
  for (const [event, attempts] of byEvent(history.attempts, group)) {
    attempts.sort((a, b) => a.token - b.token);
    for (const [i, next] of attempts.entries()) {
      const former = attempts.slice(0, i).find((one) => one.endedAt > next.beganAt);
      if (!former || hadLostItsLease(history, former, next)) continue;
      violations.push({
        broken: 'overlapping',
        group,
        event,
        detail:
          `${former.worker} (token ${former.token}) was at it from ${former.beganAt.toFixed(0)} to ` +
          `${former.endedAt.toFixed(0)}, and ${next.worker} (token ${next.token}) began at ${next.beganAt.toFixed(0)}`,
      });
    }
  }
  return violations;
}

/** A lease is extended three times in its length, so what it had left when the silence began is two thirds or more. */
function hadLostItsLease(
  { silences, leaseMs }: FaultHistory,
  former: HandlerAttempt,
  next: HandlerAttempt,
): boolean {
  return silences.some(
    ({ worker, from, to }) =>
      (worker === undefined || worker === former.worker) &&
      from < next.beganAt &&
      to > former.beganAt &&
      Math.min(to, next.beganAt) - from >= leaseMs / 2,
  );
}

function checkOrder(history: FaultHistory, group: string, slackMs: number): Violation[] {
  const violations: Violation[] = [];
  const commits = byEvent(history.commits, group);
  const attempts = byEvent(history.attempts, group);
  const runs = new Map<string, ProducedEvent[]>();
  for (const event of history.events) runs.set(event.runId, [...(runs.get(event.runId) ?? []), event]);
  for (const events of runs.values()) {
    events.sort((a, b) => a.sequence - b.sequence);
    let last: Commit | undefined;
    for (const { id: event } of events) {
      const commit = commits.get(event)?.[0];
      if (last) {
        const { at, position } = last;
        const began = attempts.get(event)?.find(({ beganAt }) => beganAt + slackMs < at);
        const detail = `before ${last.event}, which comes earlier in its run`;
        if (began) violations.push({ broken: 'disordered', group, event, detail: `begun ${detail}` });
        if (commit && commit.position < position) {
          violations.push({ broken: 'disordered', group, event, detail: `committed ${detail}` });
        }
      }
      if (commit) last = commit;
    }
  }
  return violations;
}

function byEvent<T extends { group: string; event: string }>(
  all: readonly T[],
  group: string,
): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const one of all) {
    if (one.group !== group) continue;
    const list = found.get(one.event);
    if (list) list.push(one);
    else found.set(one.event, [one]);
  }
  return found;
}
