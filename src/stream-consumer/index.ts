export { Announcements } from './announcements.js';
export { type Partition, partitionOf, tenantOf } from './buckets.js';
export type { StreamConsumer, Visited, VisitTerms } from './stream-consumer.js';
export { StreamConsumerModule } from './stream-consumer.module.js';
export { WorkFinder, type WorkFinderDeps } from './work-finder.js';
export { WorkListener } from './work-listener.js';
export { type Work, WorkSignals } from './work-signals.js';
