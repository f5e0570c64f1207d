import { type DynamicModule, Module } from '@nestjs/common';
import { AppendService } from './append.service.js';
import { ExecutorsModule, type ExecutorsOptions } from './executors/index.js';
import { RunOperationsDeps } from './facade/run-operations.js';
import { Runstream } from './facade/runstream.js';
import { HistoryService } from './history.service.js';
import { JournalEventsController } from './journal-events.controller.js';
import { JournalHistoryService } from './journal-history.service.js';
import { IdleRunsService } from './idle-runs.service.js';
import { NdjsonIntake } from './ndjson-intake.js';
import { RunEventsController } from './run-events.controller.js';
import { RunsController } from './runs.controller.js';
import { RunsMetrics } from './runs-metrics.js';
import { RUNS_OPTIONS, type RunsOptions } from './runs-options.js';
import { RunWaits } from './run-waits.js';
import { RunsService } from './runs.service.js';
import { StreamTicketsController } from './stream-tickets.controller.js';
import { EventStreams } from './sse/event-streams.js';

/**
 * Runs over HTTP: their lifecycle, history, live streams and executors. It needs RedisModule, EventStoreModule,
 * ConsumerModule and TenancyModule at the root.
 *
 * @publicApi
 */
@Module({})
export class RunsModule {
  static forRoot(options: RunsOptions & { executors?: ExecutorsOptions } = {}): DynamicModule {
    const { executors = {}, ...runs } = options;
    return {
      module: RunsModule,
      imports: [ExecutorsModule.forRoot(executors)],
      controllers: [RunsController, RunEventsController, JournalEventsController, StreamTicketsController],
      providers: [
        { provide: RUNS_OPTIONS, useValue: runs },
        RunsService,
        RunWaits,
        IdleRunsService,
        AppendService,
        HistoryService,
        JournalHistoryService,
        NdjsonIntake,
        EventStreams,
        RunsMetrics,
        RunOperationsDeps,
        Runstream,
      ],
      exports: [Runstream, RunsService, EventStreams, RunsMetrics],
    };
  }
}
