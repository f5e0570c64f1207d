import { type DynamicModule, Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { configurableModule } from '../config/index.js';
import { CONSUMER_OPTIONS, type ConsumerOptions } from './consumer-options.js';
import { ConsumerRunner } from './consumer-runner.js';
import { ConsumerMetrics } from './consumer-metrics.js';
import { ConsumerTelemetry } from './consumer-telemetry.js';
import { DeadLetters } from './admin/dead-letters.js';
import { GroupControl } from './admin/group-control.js';
import { GroupCatalog } from './admin/group-info.js';
import { HeldBytes } from './flow/held-bytes.js';
import { HandlerExplorer } from './handler/handler-explorer.js';
import { IdempotencyTracker } from './idempotency-tracker.js';
import { GroupMembers } from './members/group-members.js';
import { GroupTally } from './members/group-tally.js';
import { DeadLetterCount } from './overview/dead-letter-count.js';
import { GroupGauges } from './overview/group-gauges.js';
import { GroupOverviewReader } from './overview/group-overview.js';
import { GroupOverviews } from './overview/group-overviews.js';
import { GroupRateReader } from './overview/group-rates.js';
import { GroupSampler } from './overview/group-sampler.js';
import { GroupSamples } from './overview/group-samples.js';
import { GroupStandings } from './overview/group-standing.js';
import { PendingEntries } from './admin/pending-entries.js';
import { SuspectGate } from './delivery/suspect-gate.js';
import { TenantDirectory } from './group/tenant-directory.js';
import { TenantSamples } from './overview/tenant-samples.js';
import { WorkerGroups } from './workers/worker-groups.js';

const { ConfigurableModule, options } = configurableModule<ConsumerOptions>('consumer', CONSUMER_OPTIONS);

/**
 * Consumer groups: finds providers with `@EventHandler` and feeds them. It needs RedisModule, EventStoreModule and
 * TenancyModule at the root.
 *
 * @publicApi
 */
@Global()
@Module({
  imports: [DiscoveryModule],
  providers: [
    options,
    HandlerExplorer,
    ConsumerRunner,
    ConsumerTelemetry,
    SuspectGate,
    HeldBytes,
    GroupMembers,
    GroupTally,
    GroupStandings,
    GroupRateReader,
    DeadLetterCount,
    GroupOverviewReader,
    GroupOverviews,
    GroupSamples,
    TenantSamples,
    GroupSampler,
    GroupGauges,
    IdempotencyTracker,
    TenantDirectory,
    GroupCatalog,
    GroupControl,
    DeadLetters,
    PendingEntries,
    WorkerGroups,
    ConsumerMetrics,
  ],
  exports: [
    ConsumerRunner,
    ConsumerTelemetry,
    SuspectGate,
    IdempotencyTracker,
    TenantDirectory,
    GroupMembers,
    GroupOverviews,
    GroupSamples,
    GroupCatalog,
    GroupControl,
    DeadLetters,
    PendingEntries,
    WorkerGroups,
    ConsumerMetrics,
  ],
})
export class ConsumerModule extends ConfigurableModule {
  static override forRoot(options: ConsumerOptions = {}): DynamicModule {
    return super.forRoot(options);
  }
}
