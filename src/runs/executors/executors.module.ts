import { type DynamicModule, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { configurableModule } from '../../config/index.js';
import { CommandExecutor } from './command/command.executor.js';
import { type CommandsFile, readCommandsFile } from './command/commands-file.js';
import { ProcessGuard } from './command/process-guard.js';
import { ExecutorDispatcher } from './executor-dispatcher.js';
import { ExecutorExplorer } from './executor-explorer.js';
import { ExecutorMetadataAccessor } from './executor-metadata.accessor.js';
import { ExecutorRegistry } from './executor-registry.js';
import { ExecutorRunner } from './executor-runner.js';
import { EXECUTORS_OPTIONS, type ExecutorsOptions } from './executors-options.js';
import { OutageBuffer } from './outage-buffer.js';
import { Recordings } from './replay/recordings.js';
import { ReplayExecutor } from './replay/replay.executor.js';

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
  exports: [ExecutorRegistry, ExecutorRunner, ExecutorDispatcher, OutageBuffer],
})
export class ExecutorsModule extends ConfigurableModule {
  static override forRoot(options: ExecutorsOptions = {}): DynamicModule {
    return super.forRoot(options);
  }
}
