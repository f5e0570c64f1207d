import { Injectable } from '@nestjs/common';
import {
  checkOptions,
  errorText,
  isInstance,
  isThenable,
  oneOf,
  type OptionRules,
  refuseWrong,
  RunstreamError,
  silence,
  ValidationFailedError,
  wholeNumber,
} from '../common/index.js';
import { EXTERNAL } from '../event-store/index.js';
import type { JsonObject } from '../events/index.js';
import type { Executor } from './executor.js';
import { RUN_EXECUTOR_DEFAULTS, type RunExecutorOptions } from './run-executor.decorator.js';

/** What an executor may be called. */
export const EXECUTOR_NAME = /^[a-z][a-z0-9_-]{0,62}$/;
const OPTION_RULES: OptionRules = {
  concurrency: wholeNumber(1, 1000),
  onCrash: oneOf('fail', 'restart'),
  leaseMs: wholeNumber(100, 3_600_000),
  maxAttempts: wholeNumber(1, 1000),
};

/** An executor, and how runs are executed by it. */
export interface RegisteredExecutor {
  name: string;
  executor: Executor;
  options: Readonly<Required<RunExecutorOptions>>;
}

/**
 * The executors of this application, by name.
 *
 * @publicApi
 */
@Injectable()
export class ExecutorRegistry {
  private readonly executors = new Map<string, RegisteredExecutor>();

  /**
   * @param overrides what counts in place of the executor's own options
   * @throws Error that says how to mend it
   */
  register(
    name: string,
    executor: Executor,
    options: RunExecutorOptions = {},
    overrides: RunExecutorOptions = {},
  ): void {
    const called = `${executor.constructor.name}: @RunExecutor('${name}')`;
    if (name === EXTERNAL) {
      throw new Error(
        `${called} takes the name of the runs that a producer outside works on. Choose another name.`,
      );
    }
    if (!EXECUTOR_NAME.test(name)) {
      throw new Error(
        `${called} is not a usable name. Begin with a lower-case letter and go on with at most 62 lower-case letters, digits, "_" or "-".`,
      );
    }
    if (typeof executor.execute !== 'function') {
      throw new Error(`${called} has no execute() method. Add one: async execute(run: RunExecution) { … }.`);
    }
    assertMethods(called, executor);
    const other = this.executors.get(name)?.executor;
    if (other) {
      throw new Error(
        other.constructor === executor.constructor
          ? `${called} is provided by two modules. Provide it in one, and export it from there.`
          : `${called} has the name of ${other.constructor.name}. Rename one of the two.`,
      );
    }
    const own = checkOptions(options, OPTION_RULES);
    const over = checkOptions(overrides, OPTION_RULES, 'overrides');
    refuseWrong(called, [...own.wrong, ...over.wrong]);
    const resolved = { ...RUN_EXECUTOR_DEFAULTS, ...own.options, ...over.options };
    this.executors.set(name, { name, executor, options: resolved });
  }

  /** Undefined for `external`, which nobody here executes, and for a name that is not known. */
  get(name: string): RegisteredExecutor | undefined {
    return this.executors.get(name);
  }

  /** The executors themselves, without `external`. */
  all(): RegisteredExecutor[] {
    return [...this.executors.values()];
  }

  /** Everything that `POST /runs` can name, `external` included, in alphabetical order. */
  names(): string[] {
    return [EXTERNAL, ...this.executors.keys()].sort();
  }

  /** @throws RunstreamError UNKNOWN_EXECUTOR which lists what there is */
  assertKnown(name: string): void {
    if (name !== EXTERNAL && !this.executors.has(name)) throw this.unknown(name);
  }

  /** @param others that `POST /runs` can name as well */
  unknown(name: string, others: readonly string[] = []): RunstreamError {
    const names = [...this.names(), ...others].sort();
    return new RunstreamError(
      'UNKNOWN_EXECUTOR',
      `There is no executor "${name.slice(0, 120)}" here. Use one of: ${names.join(', ')}.`,
      { details: { executors: names } },
    );
  }

  /**
   * Whether the executor would take this input.
   *
   * @throws RunstreamError UNKNOWN_EXECUTOR, ValidationFailedError
   */
  assertAccepts(name: string, input: JsonObject): void {
    this.assertKnown(name);
    let answer: unknown;
    try {
      answer = this.executors.get(name)?.executor.validateInput?.(input);
    } catch (error) {
      if (isInstance(error, RunstreamError)) throw error;
      const message = errorText(error, { named: false });
      throw new ValidationFailedError([{ path: 'input', message }]);
    }
    if (!isThenable(answer)) return;
    silence(answer);
    throw new Error(
      `Executor "${name}": validateInput() must refuse at once, by what it throws; it gave a Promise.`,
    );
  }
}

/** @throws Error that says how to mend it */
function assertMethods(
  called: string,
  { execute, validateInput }: { execute: unknown; validateInput?: unknown },
): void {
  if (kindOf(execute).includes('Generator')) {
    throw new Error(
      `${called}: execute() is a generator, which nobody would run. Write async execute(…) without "*".`,
    );
  }
  if (validateInput !== undefined && kindOf(validateInput) !== 'Function') {
    throw new Error(
      `${called}: validateInput() must be a method that is not async: a client waits for its answer.`,
    );
  }
}

/** `AsyncFunction`, `GeneratorFunction`, … */
function kindOf(method: unknown): string {
  return Object.prototype.toString.call(method).slice('[object '.length, -1);
}
