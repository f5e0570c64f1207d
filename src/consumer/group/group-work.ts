import { JOURNAL_TOPIC } from '../../event-store/index.js';
import type { Partition, Work } from '../../stream-consumer/index.js';

/** What a group is called among the consumers of streams. */
export function groupConsumer(group: string): string {
  return `group:${group}`;
}

/** The group that a consumer of streams is; undefined for one that is none, as an executor. */
export function groupOf(consumer: string): string | undefined {
  return consumer.startsWith('group:') ? consumer.slice('group:'.length) : undefined;
}

/** Something for one group alone: what was sent or handed back to it, or that it goes on. */
export function groupWork(partition: Partition, group: string): Work {
  return { topic: JOURNAL_TOPIC, partition, consumer: groupConsumer(group) };
}
