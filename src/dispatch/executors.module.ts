import { type DynamicModule, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { configurableModule } from '../config/index.js';
import {
  CommandExecutor,
  type CommandsFile,
  ExecutorExplorer,
  ExecutorMetadataAccessor,
  ExecutorRegistry,
  EXECUTORS_OPTIONS,
  type ExecutorsOptions,
  ProcessGuard,
  readCommandsFile,
  Recordings,
  ReplayExecutor,
} from '../executors/index.js';
import { ExecutorDispatcher } from './executor-dispatcher.js';
import { ExecutorOverview } from './executor-overview.js';
import { ExecutorRunner } from './executor-runner.js';
import { OutageBuffer } from './outage-buffer.js';

const { ConfigurableModule, options } = configurableModule<ExecutorsOptions>('executors', EXECUTORS_OPTIONS);

/**
 * Finds the application's executors and executes runs with them. It needs EventStoreModule, ConsumerModule and
 * TenancyModule at the root.
 *
 * @publicApi
 */
@Module({
  imports: [DiscoveryModule],
  providers: [
    options,
    ExecutorMetadataAccessor,
    ExecutorRegistry,
    ExecutorExplorer,
    OutageBuffer,
    ExecutorRunner,
    ExecutorDispatcher,
    ExecutorOverview,
    ProcessGuard,
    {
      provide: CommandExecutor,
      inject: [EXECUTORS_OPTIONS, ProcessGuard],
      useFactory: async (executors: ExecutorsOptions, guard: ProcessGuard) => {
        const commands: CommandsFile = executors.commandsFile
          ? await readCommandsFile(executors.commandsFile)
          : new Map();
        return new CommandExecutor(commands, executors, guard);
      },
    },
    {
      provide: ReplayExecutor,
      inject: [EXECUTORS_OPTIONS],
      useFactory: ({ recordingsDir }: ExecutorsOptions) => new ReplayExecutor(new Recordings(recordingsDir)),
    },
  ],
  exports: [ExecutorOverview, ExecutorRegistry, ExecutorRunner, ExecutorDispatcher, OutageBuffer],
})
export class ExecutorsModule extends ConfigurableModule {
  static override forRoot(options: ExecutorsOptions = {}): DynamicModule {
    return super.forRoot(options);
  }
}
