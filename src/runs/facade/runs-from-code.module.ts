import { type DynamicModule, Module } from '@nestjs/common';
import { ExecutorsModule } from '../../dispatch/index.js';
import { type ExecutorsOptions } from '../../executors/index.js';
import { Definitions, Presence, WorkerExecutors } from '../../pull/index.js';
import { HistoryService } from '../history/history.service.js';
import { RunsService } from '../runs.service.js';
import { RunOperationsDeps } from './run-operations.js';
import { Runstream } from './runstream.js';

/** Runs without HTTP, as tests have them: the executors, and Runstream for the application's own code. */
@Module({})
export class RunsFromCodeModule {
  static forRoot(executors: ExecutorsOptions): DynamicModule {
    return {
      module: RunsFromCodeModule,
      global: true,
      imports: [ExecutorsModule.forRoot(executors)],
      providers: [
        Definitions,
        Presence,
        WorkerExecutors,
        RunsService,
        HistoryService,
        RunOperationsDeps,
        Runstream,
      ],
      exports: [Runstream],
    };
  }
}
