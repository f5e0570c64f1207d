import { type DynamicModule, Global, Inject, Module, type OnModuleInit } from '@nestjs/common';
import { configurableModule } from '../config/index.js';
import { EventStore } from './log/event-store.js';
import { EventStoreMetrics } from './event-store-metrics.js';
import { EVENT_STORE_OPTIONS, type EventStoreOptions } from './event-store-options.js';
import { Journal } from './log/journal/journal.js';
import { JournalTrimmer } from './upkeep/journal-trimmer.js';
import { JournalWatcher } from './watch/journal-watcher.js';
import { LiveFeed } from './watch/feed/live-feed.js';
import { LostEvents } from './failover/lost-events.js';
import { LogWatcher } from './watch/log-watcher.js';
import { StreamConsumerModule } from '../stream-consumer/index.js';
import { DispatchStanding } from './dispatch/dispatch-standing.js';
import { DispatchStore } from './dispatch/dispatch-store.js';
import { ExecutorSlots } from './dispatch/executor-slots.js';
import { RunCounter } from './log/runs/run-counts.js';
import { RunStore } from './log/runs/run-store.js';
import { StoredBytes } from './upkeep/stored-bytes.js';
import { RunSweep } from './upkeep/run-sweep.js';
import { Partitions } from './partitions/partitions.js';
import { RunWatcher } from './watch/run-watcher.js';
import { StoreLimits } from './log/store-limits.js';
import { StoreFormat } from './log/store-format.js';

const { ConfigurableModule, options } = configurableModule<EventStoreOptions>('events', EVENT_STORE_OPTIONS);

/**
 * The log of every run. Import it once, at the root; a module with event types of its own imports
 * `EventStoreModule.forFeature({ types: ['build.*'] })`.
 *
 * @publicApi
 */
@Global()
@Module({
  imports: [StreamConsumerModule],
  providers: [
    options,
    StoreFormat,
    StoreLimits,
    Partitions,
    EventStoreMetrics,
    EventStore,
    RunCounter,
    RunStore,
    DispatchStore,
    DispatchStanding,
    ExecutorSlots,
    RunSweep,
    LostEvents,
    LiveFeed,
    LogWatcher,
    RunWatcher,
    Journal,
    JournalWatcher,
    JournalTrimmer,
    StoredBytes,
  ],
  exports: [
    EVENT_STORE_OPTIONS,
    EventStoreMetrics,
    EventStore,
    Partitions,
    RunCounter,
    RunStore,
    DispatchStore,
    DispatchStanding,
    ExecutorSlots,
    RunSweep,
    LiveFeed,
    RunWatcher,
    Journal,
    JournalWatcher,
    JournalTrimmer,
    StreamConsumerModule,
  ],
})
export class EventStoreModule extends ConfigurableModule {
  static override forRoot(options: EventStoreOptions = {}): DynamicModule {
    return super.forRoot(options);
  }

  /** Registers event types for the module that imports it. */
  static forFeature(feature: { types: readonly string[] }): DynamicModule {
    return {
      module: EventStoreFeatureModule,
      providers: [{ provide: FEATURE_TYPES, useValue: feature.types }],
    };
  }
}

const FEATURE_TYPES = Symbol('FEATURE_TYPES');

@Module({})
class EventStoreFeatureModule implements OnModuleInit {
  constructor(
    private readonly store: EventStore,
    @Inject(FEATURE_TYPES) private readonly types: readonly string[],
  ) {}

  onModuleInit(): void {
    for (const type of this.types) this.store.types.register(type);
  }
}
