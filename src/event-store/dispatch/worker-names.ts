/**
 * What a tenant's own workers serve has a name of its own in Redis, which no class can have: a class that is added later
 * takes nothing from them. Callers never see it.
 */
const MARK = '~';

/** The name in Redis of an executor or a group of workers. */
export function ofWorkers(name: string): string {
  return `${MARK}${name}`;
}

export function isOfWorkers(stored: string): boolean {
  return stored.startsWith(MARK);
}

/** What callers call it. */
export function shownName(stored: string): string {
  return isOfWorkers(stored) ? stored.slice(MARK.length) : stored;
}

const HOLDER = /^v2\.http\.(.+)\.(\d+)$/;

/** What a worker is called among the consumers of a stream. Its lease stands at the end, as others' does (lease.lua). */
export function workerConsumer(worker: string, leaseMs: number): string {
  return `v2.http.${worker}.${leaseMs}`;
}

/** A worker, and its lease in milliseconds; undefined for what is no worker's. */
export function workerOf(consumer: string): { worker: string; leaseMs: number } | undefined {
  const [, worker, leaseMs] = HOLDER.exec(consumer) ?? [];
  return worker === undefined ? undefined : { worker, leaseMs: Number(leaseMs) };
}
