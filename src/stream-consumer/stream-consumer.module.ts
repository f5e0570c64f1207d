import { Module } from '@nestjs/common';
import { Announcements } from './announcements.js';
import { BusyPartitions } from './busy-partitions.js';
import { Heartbeats } from './heartbeats.js';
import { Upkeep } from './upkeep.js';
import { WorkFinders } from './work-finders.js';
import { WorkListener } from './work-listener.js';
import { WorkSignals } from './work-signals.js';

/** How consumers of streams learn that there is something for them. It needs RedisModule at the root. */
@Module({
  providers: [WorkSignals, WorkListener, Announcements, Heartbeats, BusyPartitions, WorkFinders, Upkeep],
  exports: [WorkSignals, Announcements, Heartbeats, BusyPartitions, WorkFinders, Upkeep],
})
export class StreamConsumerModule {}
