import { type ConfigurableModuleAsyncOptions, type DynamicModule, Module, type Type } from '@nestjs/common';
import { configurableModule } from '../config/index.js';
import { AppendService } from './append/append.service.js';
import { ExecutorsModule } from '../dispatch/index.js';
import { type ExecutorsOptions } from '../executors/index.js';
import { PullModule } from '../pull/index.js';
import { RunOperationsDeps } from './facade/run-operations.js';
import { Runstream } from './facade/runstream.js';
import { HistoryService } from './history/history.service.js';
import { JournalEventsController } from './journal-events.controller.js';
import { JournalHistoryService } from './history/journal-history.service.js';
import { ExecutorsController } from './executors.controller.js';
import { IdleRunsService } from './idle/idle-runs.service.js';
import { NdjsonIntake } from './append/ndjson-intake.js';
import { RunEventsController } from './run-events.controller.js';
import { RunsController } from './runs.controller.js';
import { LeaseHolders } from './workers/lease-holder.js';
import { RunLeasesController } from './workers/run-leases.controller.js';
import { WorkerGroupsController } from './workers/worker-groups.controller.js';
import { WorkerExecutorsController } from './workers/worker-executors.controller.js';
import { RunsMetrics } from './runs-metrics.js';
import { RUNS_OPTIONS, type RunsOptions } from './runs-options.js';
import { RunWaits } from './run-waits.js';
import { RunsService } from './runs.service.js';
import { StreamTicketsController } from './stream-tickets.controller.js';
import { EventStreams } from './sse/event-streams.js';
import { RunStreams } from './sse/run-streams.js';
import { StreamPlace } from './sse/stream-place.js';

const { ConfigurableModule, options } = configurableModule<RunsOptions>('runs', RUNS_OPTIONS);

/** Which routes of runs an application has. @publicApi */
export interface RunRoutes {
  /** `/runs`. Default true. */
  runs?: boolean;
  /** `/runs/:run_id/events`, `/events` and stream tickets. Default true. */
  events?: boolean;
  /** `/executors`, and what workers outside ask and say of runs and events. Default true. */
  executors?: boolean;
}

/** What is known before the application is made, beside a factory for the rest. @publicApi */
export interface RunsModuleExtras {
  routes?: RunRoutes;
  /** `ExecutorsModule.forRootAsync(…)`. Default: `ExecutorsModule.forRoot()`. */
  executors?: DynamicModule;
}

/**
 * Runs over HTTP and from code: their lifecycle, history, live streams and executors. It needs RedisModule,
 * EventStoreModule, TenancyModule, AuthModule, AdmissionModule, EdgeModule and ConsumerModule at the root.
 *
 * @publicApi
 */
@Module({
  providers: [
    options,
    RunsService,
    RunWaits,
    IdleRunsService,
    AppendService,
    HistoryService,
    JournalHistoryService,
    NdjsonIntake,
    LeaseHolders,
    EventStreams,
    RunStreams,
    StreamPlace,
    RunsMetrics,
    RunOperationsDeps,
    Runstream,
  ],
  exports: [Runstream, RunsService, RunWaits, EventStreams, RunStreams, RunsMetrics],
})
export class RunsModule extends ConfigurableModule {
  static override forRoot(
    options: RunsOptions & { executors?: ExecutorsOptions; routes?: RunRoutes } = {},
  ): DynamicModule {
    const { executors = {}, routes, ...runs } = options;
    return withParts(super.forRoot(runs), { routes, executors: ExecutorsModule.forRoot(executors) });
  }

  static override forRootAsync({
    routes,
    executors = ExecutorsModule.forRoot(),
    ...options
  }: ConfigurableModuleAsyncOptions<RunsOptions> & RunsModuleExtras): DynamicModule {
    return withParts(super.forRootAsync(options), { routes, executors });
  }
}

function withParts(
  module: DynamicModule,
  { routes, executors }: { routes: RunRoutes | undefined; executors: DynamicModule },
): DynamicModule {
  const { runs = true, events = true, executors: overview = true } = routes ?? {};
  const controllers: Type[] = [
    ...(runs ? [RunsController] : []),
    ...(overview
      ? [ExecutorsController, WorkerExecutorsController, RunLeasesController, WorkerGroupsController]
      : []),
    ...(events ? [RunEventsController, JournalEventsController, StreamTicketsController] : []),
  ];
  return {
    ...module,
    imports: [...(module.imports ?? []), executors, PullModule.of(executors)],
    controllers,
  };
}
