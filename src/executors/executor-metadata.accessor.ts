import { Injectable, type Type } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { RUN_EXECUTOR_METADATA, type RunExecutorMetadata } from './run-executor.decorator.js';

@Injectable()
export class ExecutorMetadataAccessor {
  constructor(private readonly reflector: Reflector) {}

  /** Undefined for a class that is no executor. */
  read(target: unknown): RunExecutorMetadata | undefined {
    if (typeof target !== 'function') return undefined;
    return this.reflector.get<RunExecutorMetadata | undefined>(RUN_EXECUTOR_METADATA, target as Type);
  }
}
