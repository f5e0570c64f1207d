import type { DynamicModule, INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { RedisConfig } from './config/index.js';
import { EmbeddedRedis, RedisModule } from './redis/index.js';

/** Whether the configuration names no Redis: then it is the private one of development. */
export function isEmbedded({ url, cluster, options }: RedisConfig): boolean {
  return url === undefined && cluster === undefined && options?.sentinels === undefined;
}

/** Where the configured Redis is, without its password, for people. */
export function whereRedisIs(redis: RedisConfig): string {
  const { url, cluster, options } = redis;
  const list = (addresses: readonly { host: string; port: number }[]): string =>
    addresses.map(({ host, port }) => `${host}:${port}`).join(', ');
  if (cluster) return `the cluster at ${list(cluster.nodes)} (REDIS_CLUSTER)`;
  if (options?.sentinels)
    return `the Redis that the Sentinels at ${list(options.sentinels)} name (REDIS_SENTINELS)`;
  if (url === undefined) return 'the embedded Redis (set REDIS_URL for another one)';
  const host = URL.canParse(url) ? new URL(url).host || new URL(url).pathname : url;
  return `the Redis at ${host} (REDIS_URL)`;
}

/** For a command: gives it a module's providers on the configured Redis, and closes what was opened. */
export async function onConfiguredRedis(
  redis: RedisConfig,
  module: Omit<DynamicModule, 'imports'>,
  work: (context: INestApplicationContext) => Promise<void>,
): Promise<void> {
  const embedded = isEmbedded(redis) ? await EmbeddedRedis.start() : undefined;
  try {
    const imports = [RedisModule.forRoot({ ...redis, ...(embedded && { url: embedded.url }) })];
    const logger = ['error' as const, 'warn' as const];
    const app = await NestFactory.createApplicationContext({ ...module, imports }, { logger });
    try {
      await work(app);
    } finally {
      await app.close();
    }
  } finally {
    await embedded?.stop();
  }
}
