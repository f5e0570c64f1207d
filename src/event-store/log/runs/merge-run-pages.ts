import type { RunRecord } from './run-record.js';

interface Page {
  runs: RunRecord[];
  /** The id to go on below; undefined on the last page. */
  next: string | undefined;
}

/**
 * One page of the pages that a list has in each partition, newest first. Ids of different partitions are compared by what
 * stands behind their prefix, which is their time, so that one id is the place to go on in all of them.
 *
 * @param pages of the partitions in their order, each below the same id; each has all runs down to its `next`
 * @param limit most runs
 */
export function mergeRunPages(pages: readonly Page[], limit: number): Page {
  // Further down a partition may have more than was read.
  let horizon: string | undefined;
  for (const { next } of pages)
    if (next !== undefined && (horizon === undefined || timeOf(next) > timeOf(horizon))) horizon = next;
  const known = pages
    .flatMap(({ runs }) => runs)
    .filter(({ id }) => horizon === undefined || timeOf(id) >= timeOf(horizon))
    .sort(newestFirst);
  const runs = known.slice(0, limit);
  return { runs, next: runs.length < known.length ? runs.at(-1)?.id : horizon };
}

/** Stable, so that those of one partition keep their order. */
function newestFirst(a: RunRecord, b: RunRecord): number {
  const [left, right] = [timeOf(a.id), timeOf(b.id)];
  return left === right ? 0 : left > right ? -1 : 1;
}

function timeOf(id: string): string {
  return id.slice(id.indexOf('_'));
}
