export { Announcements } from './announcements.js';
export { type Partition, partitionOf, tenantOf } from './buckets.js';
export type { StreamConsumer, Visited, VisitTerms } from './stream-consumer.js';
export { StreamConsumerModule } from './stream-consumer.module.js';
export type { WorkFinder } from './work-finder.js';
export { WorkFinders } from './work-finders.js';
export { WorkListener } from './work-listener.js';
export { type Work, WorkSignals } from './work-signals.js';
