import { Injectable } from '@nestjs/common';
import { Gauge, type Metric } from 'prom-client';
import { BulkReads } from './bulk-reads.js';
import { RedisWatchdog } from './connections/redis-watchdog.js';

/** Whether Redis is there. */
@Injectable()
export class RedisMetrics {
  readonly metrics: readonly Metric[];

  constructor(redis: RedisWatchdog, reads: BulkReads) {
    this.metrics = [
      new Gauge({
        name: 'runstream_redis_up',
        help: '1 while Redis answers this process and takes writes, else 0. By shard: the lowest slot that it has, 0 without a cluster.',
        labelNames: ['shard'],
        aggregator: 'min',
        registers: [],
        collect() {
          this.reset();
          for (const { name, state } of redis.shards) this.set({ shard: name }, state === 'up' ? 1 : 0);
        },
      }),
      new Gauge({
        name: 'runstream_bulk_reads_waiting',
        help: 'Reads of pages and lists that wait for their turn at Redis.',
        registers: [],
        collect() {
          this.set(reads.queued);
        },
      }),
    ];
  }
}
