import { Global, Inject, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import { Redis, type RedisOptions } from 'ioredis';

/** How this application reaches its Redis, said once. */
@Injectable()
export class RedisFactory {
  make(options: RedisOptions): Redis {
    return new Redis(process.env.REDIS_URL ?? 'redis://localhost:6379', {
      username: process.env.REDIS_USERNAME,
      password: process.env.REDIS_PASSWORD,
      // tls: { ca: readFileSync('redis-ca.pem'), servername: 'redis.internal' },
      // sentinels: [{ host: 'sentinel-1', port: 26379 }], name: 'main',
      ...options,
    });
  }
}

/** The application's own connection. */
@Injectable()
export class AppRedis implements OnApplicationShutdown {
  readonly client: Redis;

  constructor(@Inject(RedisFactory) factory: RedisFactory) {
    this.client = factory.make({ connectionName: 'app', keyPrefix: 'app:' });
  }

  onApplicationShutdown(): void {
    this.client.disconnect();
  }
}

@Global()
@Module({ providers: [RedisFactory, AppRedis], exports: [RedisFactory, AppRedis] })
export class RedisModule {}
