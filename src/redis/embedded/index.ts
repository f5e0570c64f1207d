export { EmbeddedRedis, EmbeddedRedisError, type EmbeddedRedisOptions } from './embedded-redis.js';
export { RedisServerNotFoundError } from './server-binary.js';
