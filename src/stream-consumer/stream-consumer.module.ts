import { Module } from '@nestjs/common';
import { Announcements } from './members/announcements.js';
import { BusyPartitions } from './finding/busy-partitions.js';
import { Heartbeats } from './members/heartbeats.js';
import { TouchedBuckets } from './signals/touched-buckets.js';
import { Upkeep } from './upkeep/upkeep.js';
import { WorkFinders } from './finding/work-finders.js';
import { WorkListener } from './signals/work-listener.js';
import { WorkSignals } from './signals/work-signals.js';

/** How consumers of streams learn that there is something for them. It needs RedisModule at the root. */
@Module({
  providers: [
    ...[WorkSignals, WorkListener, TouchedBuckets, Announcements, Heartbeats],
    ...[BusyPartitions, WorkFinders, Upkeep],
  ],
  exports: [WorkListener, WorkSignals, Announcements, Heartbeats, BusyPartitions, WorkFinders, Upkeep],
})
export class StreamConsumerModule {}
