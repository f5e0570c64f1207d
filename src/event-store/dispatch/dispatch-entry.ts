/** The consumer group, on each stream of runs that wait for an executor, whose consumers execute them. */
export const DISPATCH_GROUP = 'executors';

/** A run that was handed to a process, to be executed. */
export interface DispatchEntry {
  tenantId: string;
  executor: string;
  /** In its stream. */
  id: string;
  runId: string;
}

/** The runs of one tenant that wait for one executor. */
export type DispatchSource = Pick<DispatchEntry, 'tenantId' | 'executor'>;
