import { tagOf } from './buckets.js';

/** What is looked after in every tenant, each by rounds of its own. */
export type UpkeepTask = 'runs' | 'journals';

export const UPKEEP_TASKS: readonly UpkeepTask[] = ['runs', 'journals'];

/** The keys by which work is found. All of a bucket lie in one slot of a Redis Cluster. */
export const WORK_KEYS = {
  /** Partitions in which something of this topic came, by when. */
  touched: (topic: string, bucket: number) => `runstream:touched:${tagOf(bucket)}:${topic}`,
  /** Buckets in which something of a topic came, by when. */
  touchedBuckets: 'runstream:touched-buckets',
  /** Up to when each consumer has looked at what was touched. */
  swept: (bucket: number) => `runstream:swept:${tagOf(bucket)}`,
  /** Partitions in which a member of a consumer has something in hand, or on its list. */
  held: (consumer: string, member: string, bucket: number) =>
    `runstream:held:${tagOf(bucket)}:${consumer}:${member}`,
  /** The processes of a consumer, by their last sign of life. */
  members: (consumer: string) => `runstream:members:${consumer}`,
  /** All consumers, by when a process that has them last said so. */
  consumers: 'runstream:consumers',
  /** Partitions in which there can be something to look after, by when to look. */
  upkeep: (task: UpkeepTask, bucket: number) => `runstream:upkeep:${tagOf(bucket)}:${task}`,
  /** Held by the process that looks after them at the moment. */
  upkeepTurn: (team: string) => `runstream:upkeep:turn:${team}`,
  /** How far the slow walk through all tenants has come. */
  upkeepWalk: (team: string) => `runstream:upkeep:walk:${team}`,
  /** A channel of pub/sub: RedisConnections.channel() says how the server knows it. */
  channel: (bucket: number) => `runstream:work:${tagOf(bucket)}`,
};
