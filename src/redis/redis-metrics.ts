import { Injectable } from '@nestjs/common';
import { Gauge, type Metric } from 'prom-client';
import { RedisConnections } from './redis-connections.js';

/** Whether Redis is there. */
@Injectable()
export class RedisMetrics {
  readonly metrics: readonly Metric[];

  constructor(redis: RedisConnections) {
    this.metrics = [
      new Gauge({
        name: 'runstream_redis_up',
        help: '1 while this process is connected to Redis, else 0.',
        registers: [],
        collect() {
          this.set(redis.commands.status === 'ready' ? 1 : 0);
        },
      }),
    ];
  }
}
