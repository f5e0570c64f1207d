import type { RunstreamClient } from '../../../packages/client/src/index.js';

/** A promise to workers outside of the service that was broken. */
export interface RemoteViolation {
  broken: 'lost' | 'doubled' | 'disordered' | 'mixed' | 'unended';
  where: string;
  detail: string;
}

export const GROUPS = [
  { name: 'shared', ordered: false },
  { name: 'ordered', ordered: true },
];

/** What the log of a run holds of what matters here. */
export interface RemoteEvent {
  id: string;
  type: string;
  data: Readonly<Record<string, unknown>>;
}

/** A run of the executor, whole. */
export interface RemoteRun {
  id: string;
  events: readonly RemoteEvent[];
}

/** What is in Redis, as the service tells it. */
export async function readRuns(client: RunstreamClient, ids: Iterable<string>): Promise<RemoteRun[]> {
  const runs: RemoteRun[] = [];
  for (const id of ids) {
    const events: RemoteEvent[] = [];
    for await (const { id: eventId, event, data } of client.runs.history(id)) {
      events.push({ id: eventId, type: `${event.category}.${event.action}`, data });
    }
    runs.push({ id, events });
  }
  return runs;
}

/** Each run ended once; the events of its attempts are whole, in order, and never among each other. */
export function checkRuns(runs: readonly RemoteRun[], eventsEach: number): RemoteViolation[] {
  return runs.flatMap(({ id, events }) => {
    const found: RemoteViolation[] = [];
    const violated = (broken: RemoteViolation['broken'], detail: string): void => {
      found.push({ broken, where: id, detail });
    };
    const ends = events.filter(({ type }) => /^lifecycle\.(completed|failed|cancelled)$/.test(type));
    const [end] = ends;
    if (!end) violated('unended', 'it has no end');
    if (ends.length > 1) violated('doubled', `it ended ${ends.length} times`);
    if (end && end !== events.at(-1)) violated('disordered', 'something stands behind its end');
    if (end && end.type !== 'lifecycle.completed') violated('lost', `it ended with ${JSON.stringify(end)}`);
    let [attempt, next] = [0, 0];
    for (const { type, data } of events) {
      if (type !== 'log.stdout') continue;
      const [of, n] = [Number(data['attempt']), Number(data['n'])];
      if (of < attempt) violated('mixed', `event ${n} of attempt ${of} stands behind those of ${attempt}`);
      if (of > attempt) [attempt, next] = [of, 0];
      if (of === attempt && n < next) violated('doubled', `event ${n} of attempt ${of} is there again`);
      if (of === attempt && n > next) violated('lost', `attempt ${of} goes from ${next} to ${n}`);
      next = n + 1;
    }
    const result = end?.data['result'] as { attempt?: unknown } | undefined;
    if (result && (result.attempt !== attempt || next !== eventsEach)) {
      violated('lost', `it ended as attempt ${String(result.attempt)}, with ${next} events of ${attempt}`);
    }
    return found;
  });
}

/** Each event was handled once by each group, in the order of its run where that was promised. */
export function checkEffects(runs: readonly RemoteRun[], effects: readonly RemoteRun[]): RemoteViolation[] {
  return GROUPS.flatMap(({ name, ordered }) => {
    const found: RemoteViolation[] = [];
    const positions = new Map<string, number[]>();
    let position = 0;
    for (const { data } of effects.flatMap(({ events }) => events.filter(isEffect))) {
      if (data['group'] !== name) continue;
      const event = String(data['event']);
      positions.set(event, [...(positions.get(event) ?? []), ++position]);
    }
    for (const { id, events } of runs) {
      let last = 0;
      for (const one of events) {
        if (one.type !== 'log.stdout') continue;
        const where = `${name} ${id}/${one.id}`;
        const at = positions.get(`${id}/${one.id}`) ?? [];
        if (at.length === 0) found.push({ broken: 'lost', where, detail: 'never handled' });
        if (at.length > 1) found.push({ broken: 'doubled', where, detail: `handled ${at.length} times` });
        if (ordered && (at[0] ?? last) < last) {
          found.push({ broken: 'disordered', where, detail: 'handled before one that comes earlier' });
        }
        last = at[0] ?? last;
      }
    }
    const failed = effects.flatMap(({ events }) => events).filter(({ type }) => type === 'task.failed');
    for (const one of failed)
      found.push({ broken: 'doubled', where: one.id, detail: 'an effect of an attempt that failed' });
    return found;
  });
}

const isEffect = ({ type }: RemoteEvent): boolean => type === 'task.completed';
