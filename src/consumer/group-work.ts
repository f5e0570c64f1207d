import { JOURNAL_TOPIC } from '../event-store/index.js';
import { partitionOf, type Work } from '../stream-consumer/index.js';

/** What a group is called among the consumers of streams. */
export function groupConsumer(group: string): string {
  return `group:${group}`;
}

/** Something for one group alone: what was sent or handed back to it, or that it goes on. */
export function groupWork(tenantId: string, group: string): Work {
  return { topic: JOURNAL_TOPIC, partition: partitionOf(tenantId), consumer: groupConsumer(group) };
}
