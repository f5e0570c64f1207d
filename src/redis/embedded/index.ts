export { EmbeddedRedis, type EmbeddedRedisOptions } from './embedded-redis.js';
export { EmbeddedRedisError } from './embedded-redis-error.js';
export { RedisServerNotFoundError } from './server-binary.js';
