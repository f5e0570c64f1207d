import { partitionOf, type Work } from '../../stream-consumer/index.js';
import { partitionOfRun } from './runs/run-id.js';

/** Under this name consumers look for what comes in journals. */
export const JOURNAL_TOPIC = 'journal';

/** Under this name they look for runs that wait for an executor. */
export function dispatchTopic(executor: string): string {
  return `dispatch:${executor}`;
}

/** Events of a run that go to the journal. */
export function journalWork(tenantId: string, runId: string): Work {
  return { topic: JOURNAL_TOPIC, partition: partitionOf(tenantId, partitionOfRun(runId)) };
}

/** What the processes that have an executor are called among the consumers of streams. */
export function executorConsumer(executor: string): string {
  return `executor:${executor}`;
}

/** A run that was given back to its executor's processes, or is to be dispatched again. */
export function redispatchWork(tenantId: string, executor: string, runId: string): Work {
  return { ...dispatchWork(tenantId, executor, runId), consumer: executorConsumer(executor) };
}

/** A run that waits for its executor. */
export function dispatchWork(tenantId: string, executor: string, runId: string): Work {
  return { topic: dispatchTopic(executor), partition: partitionOf(tenantId, partitionOfRun(runId)) };
}
