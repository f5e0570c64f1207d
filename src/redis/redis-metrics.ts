import { Injectable } from '@nestjs/common';
import { Gauge, type Metric } from 'prom-client';
import { BulkReads } from './bulk-reads.js';
import { RedisWatchdog } from './redis-watchdog.js';

/** Whether Redis is there. */
@Injectable()
export class RedisMetrics {
  readonly metrics: readonly Metric[];

  constructor(redis: RedisWatchdog, reads: BulkReads) {
    this.metrics = [
      new Gauge({
        name: 'runstream_redis_up',
        help: '1 while Redis answers this process and takes writes, else 0.',
        aggregator: 'min',
        registers: [],
        collect() {
          this.set(redis.state === 'up' ? 1 : 0);
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
