export * from './embedded/index.js';
export * from './redis-connections.js';
export * from './redis-error.js';
export * from './redis-metrics.js';
export * from './redis-options.js';
export * from './redis-script.js';
export * from './redis.module.js';
export * from './stream-group-reader.js';
