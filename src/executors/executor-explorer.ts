import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { Executor } from './executor.js';
import { ExecutorMetadataAccessor } from './executor-metadata.accessor.js';
import { ExecutorRegistry } from './executor-registry.js';
import { EXECUTORS_OPTIONS, type ExecutorsOptions } from './executors-options.js';

/** Finds the executors among the providers of all modules. A wrong one stops the start, and says how to mend it. */
@Injectable()
export class ExecutorExplorer implements OnModuleInit {
  private readonly logger = new Logger('Executors');

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly metadata: ExecutorMetadataAccessor,
    private readonly registry: ExecutorRegistry,
    @Inject(EXECUTORS_OPTIONS) private readonly options: ExecutorsOptions,
  ) {}

  onModuleInit(): void {
    const seen = new Set<unknown>();
    for (const wrapper of this.discovery.getProviders()) {
      // A scoped provider has no instance yet, one from a factory no class: the one or the other tells. A scoped
      // factory has neither, but its token may be the class.
      const instance = wrapper.instance as object | undefined;
      const isScoped = wrapper.isTransient || !wrapper.isDependencyTreeStatic();
      const metadata =
        this.metadata.read(wrapper.metatype) ??
        this.metadata.read(instance?.constructor) ??
        (isScoped ? this.metadata.read(wrapper.token) : undefined);
      if (!metadata) continue;
      if (isScoped) {
        throw new Error(
          `${wrapper.name}: @RunExecutor('${metadata.name}') can't be request-scoped or transient, since a run outlives its request. Make it and what it injects singletons; RunExecution has what belongs to the run.`,
        );
      }
      // useExisting shows one instance under two tokens.
      if (!instance || seen.has(instance)) continue;
      seen.add(instance);
      const { name, options } = metadata;
      this.registry.register(name, instance as Executor, options, this.options.overrides);
      this.logger.log(`Executor "${metadata.name}": ${instance.constructor.name}`);
    }
  }
}
