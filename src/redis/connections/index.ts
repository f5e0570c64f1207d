export { readClock } from './clock.js';
export { MAX_RECONNECT_DELAY_MS } from './make-client.js';
export type { LiveChannels, Subscription } from './live-channels.js';
export { isCluster, type RedisClient, type RedisTopology } from './redis-client.js';
export * from './redis-connections.js';
export * from './redis-watchdog.js';
export type { RedisState, Shard } from './shards.js';
