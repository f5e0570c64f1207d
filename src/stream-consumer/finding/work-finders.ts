import { Injectable } from '@nestjs/common';
import { RedisConnections } from '../../redis/index.js';
import { Announcements } from '../members/announcements.js';
import type { StreamConsumer } from '../stream-consumer.js';
import { FinderPauses, WorkFinder, type WorkFinderOptions } from './work-finder.js';
import { TouchedBuckets } from '../signals/touched-buckets.js';
import { WorkListener } from '../signals/work-listener.js';
import { WorkSignals } from '../signals/work-signals.js';

/** Makes a finder for each consumer of the process. */
@Injectable()
export class WorkFinders {
  private readonly pauses = new FinderPauses();

  constructor(
    private readonly redis: RedisConnections,
    readonly signals: WorkSignals,
    private readonly listener: WorkListener,
    private readonly announcements: Announcements,
    private readonly touchedBuckets: TouchedBuckets,
  ) {}

  create(consumer: StreamConsumer, options: WorkFinderOptions): WorkFinder {
    const { redis, signals, listener, announcements, touchedBuckets, pauses } = this;
    const deps = { redis, signals, listener, announcements, touchedBuckets, pauses };
    return new WorkFinder(consumer, options, deps);
  }
}
