import type { LogEvent, ServiceHistory } from './service-history.js';
import { beliefOf, compareWithLog } from './watcher-belief.js';

export type ServicePromise =
  /** Acknowledged, and not in the log. */
  | 'missing'
  /** Twice in the log, or twice at a watcher. */
  | 'doubled'
  /** In the log, or at a watcher, before what comes earlier. */
  | 'disordered'
  /** A watcher that believes what is not so, and can't know. */
  | 'false belief'
  /** An effect made more than once, or made and dead-lettered. */
  | 'handled twice'
  /** Neither an effect nor a dead letter. */
  | 'not handled'
  /** Effects of an ordered group that are not in the order of their events. */
  | 'handled out of order'
  /** An effect of an event that is not there. */
  | 'invented';

export interface ServiceViolation {
  broken: ServicePromise;
  /** A run, with an event, or a watcher. */
  where: string;
  detail: string;
}

/** Finds every place where a history breaks a promise to producers, watchers or handlers. */
export function checkService(history: ServiceHistory): ServiceViolation[] {
  return [
    ...checkAcknowledged(history),
    ...[...history.logs].flatMap(([runId, log]) => [
      ...checkProducers(runId, log, history),
      ...checkHandled(runId, log, history),
    ]),
    ...checkWatchers(history),
  ];
}

/** How many events were acknowledged, while such might be lost, and are not there. */
export function lostOf(history: ServiceHistory): number {
  const { lossUntil: _from, ...whole } = history;
  return checkAcknowledged(whole).length - checkAcknowledged(history).length;
}

function checkAcknowledged({ acknowledged, logs, lossUntil }: ServiceHistory): ServiceViolation[] {
  const byRun = new Map(
    [...logs].map(([runId, log]) => [runId, new Map(log.map((event) => [event.id, event]))]),
  );
  const violations: ServiceViolation[] = [];
  for (const { runId, id, by, n, at } of acknowledged) {
    if (lossUntil !== undefined && at <= lossUntil) continue;
    const found = byRun.get(runId)?.get(id)?.numbered;
    if (found?.by === by && found.n === n) continue;
    const detail = `${by} was told that its event ${n} has this id; there is ${found ? `${found.by} ${found.n}` : 'none'}`;
    violations.push({ broken: 'missing', where: `${runId}/${id}`, detail });
  }
  return violations;
}

/** Each producer's events are there once and in its order; without a hole, where nothing was lost. */
function checkProducers(
  runId: string,
  log: readonly LogEvent[],
  history: ServiceHistory,
): ServiceViolation[] {
  const violations: ServiceViolation[] = [];
  const numbers = new Map<string, Set<number>>();
  const highest = new Map<string, number>();
  for (const { id, numbered } of log) {
    if (!numbered) continue;
    const { by, n } = numbered;
    const where = `${runId}/${id}`;
    const known = numbers.get(by) ?? new Set();
    const last = highest.get(by) ?? 0;
    if (known.has(n))
      violations.push({ broken: 'doubled', where, detail: `${by}'s event ${n} is stored twice` });
    else if (n < last)
      violations.push({ broken: 'disordered', where, detail: `${by}'s event ${n} comes after ${last}` });
    else if (n > last + 1 && history.lossUntil === undefined) {
      violations.push({ broken: 'missing', where, detail: `of ${by}, ${n} follows ${last}` });
    }
    numbers.set(by, known.add(n));
    highest.set(by, Math.max(last, n));
  }
  return violations;
}

function checkHandled(runId: string, log: readonly LogEvent[], history: ServiceHistory): ServiceViolation[] {
  const violations: ServiceViolation[] = [];
  for (const { name, ordered } of history.groups) {
    const made = new Map<string, number>();
    const order: string[] = [];
    for (const { effect } of log) {
      if (effect?.group !== name) continue;
      made.set(effect.for, (made.get(effect.for) ?? 0) + 1);
      order.push(effect.for);
    }
    const buried = new Set(history.dead.filter(({ group }) => group === name).map(({ event }) => event));
    const numbered = log.filter((event) => event.numbered);
    for (const { id } of numbered) {
      const times = (made.get(id) ?? 0) + (buried.has(`${runId}/${id}`) ? 1 : 0);
      if (times === 1) continue;
      const detail = `by "${name}": ${made.get(id) ?? 0} effects, ${times - (made.get(id) ?? 0)} dead letters`;
      const broken = times === 0 ? 'not handled' : 'handled twice';
      violations.push({ broken, where: `${runId}/${id}`, detail });
    }
    const places = new Map(numbered.map(({ id }, place) => [id, place]));
    let before = -1;
    for (const id of order) {
      const place = places.get(id);
      const where = `${runId}/${id}`;
      if (place === undefined) {
        violations.push({
          broken: 'invented',
          where,
          detail: `"${name}" has handled it, and it is not there`,
        });
      } else {
        if (ordered && place < before) {
          violations.push({
            broken: 'handled out of order',
            where,
            detail: `by "${name}", after a later one`,
          });
        }
        before = Math.max(before, place);
      }
    }
  }
  return violations;
}

function checkWatchers({ watchers, logs }: ServiceHistory): ServiceViolation[] {
  return watchers.flatMap((watcher) => {
    const belief = beliefOf(watcher);
    const where = `${watcher.name} of ${watcher.runId}`;
    const found = (broken: ServicePromise, details: readonly string[]): ServiceViolation[] =>
      details.map((detail) => ({ broken, where, detail }));
    const wrong = [...belief.misled, ...compareWithLog(watcher, belief, logs.get(watcher.runId))];
    return [
      ...found('doubled', belief.doubled),
      ...found('disordered', belief.disordered),
      // One that believes something false is one, however many things it is.
      ...(wrong.length > 0 ? found('false belief', [wrong.join('; ')]) : []),
    ];
  });
}
