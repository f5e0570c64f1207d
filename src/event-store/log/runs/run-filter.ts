import type { RunStatus } from '../../../events/index.js';
import { ofWorkers } from '../../dispatch/worker-names.js';
import { type Conditions, termOf } from './run-index.js';
import type { RunRecord } from './run-record.js';

/** Which runs a list holds. All that is given must hold. */
export interface RunFilter {
  /** Only runs that stand like one of these. */
  status?: RunStatus | readonly RunStatus[];
  executor?: string;
  /** Only runs whose task holds this text, in whatever case. No index tells that: each run is looked at. */
  task?: string;
  /** Only runs that were created then or later, in ms since 1970. */
  sinceMs?: number;
  label?: { name: string; value: string };
  /** Only runs of this key. */
  key?: string;
}

/** What of a filter the index tells. */
export function conditionsOf({ status, executor, label, key }: RunFilter): Conditions {
  return [
    ...(status === undefined ? [] : [[...new Set([status].flat())].map(termOf.status)]),
    ...(executor === undefined ? [] : [[executor, ofWorkers(executor)].map(termOf.executor)]),
    ...(label === undefined ? [] : [[termOf.label(label.name, label.value)]]),
    ...(key === undefined ? [] : [[termOf.key(key)]]),
  ];
}

/** Whether a run that the index gave passes: it may have gone on since, and its task is not in the index. */
export function passesFilter(run: RunRecord, { status, task }: RunFilter): boolean {
  return (
    (status === undefined || [status].flat().includes(run.status)) &&
    (task === undefined || run.task.toLowerCase().includes(task.toLowerCase()))
  );
}
