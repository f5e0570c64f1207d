/** The consumer group, on each stream of runs that wait for an executor, whose consumers execute them. */
export const DISPATCH_GROUP = 'executors';

/** A run that was handed to a process, to be executed. */
export interface DispatchEntry {
  tenantId: string;
  /** One of the tenant's partitions. Default: the first. */
  partition?: number;
  executor: string;
  /** In its stream. */
  id: string;
  runId: string;
}

/** The runs of one partition that wait for one executor. */
export type DispatchSource = Pick<DispatchEntry, 'tenantId' | 'partition' | 'executor'>;
