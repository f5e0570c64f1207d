import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { RunNotFoundError } from '../../common/index.js';
import { EventStore, RunStore, RunWatcher } from '../../event-store/index.js';
import { TenantContext } from '../../tenancy/index.js';
import { ExecutorRegistry } from './executor-registry.js';
import {
  DEFAULT_SHUTDOWN_TIMEOUT_MS,
  EXECUTORS_OPTIONS,
  type ExecutorsOptions,
} from './executors-options.js';
import { retryWhileUnavailable } from './retry-while-unavailable.js';
import { RunAttempt, stackOf } from './run-attempt.js';

/**
 * Executes runs in this process. `execute()` is how one run is executed; whose turn it is, is decided by whoever
 * calls it. For now that is the process that created the run, through `start()`.
 */
@Injectable()
export class ExecutorRunner implements BeforeApplicationShutdown {
  private readonly logger = new Logger('Executors');
  private readonly active = new Map<RunAttempt, Promise<void>>();
  private readonly stopping = new AbortController();
  private readonly shutdownTimeoutMs: number;

  constructor(
    private readonly store: EventStore,
    private readonly runs: RunStore,
    private readonly watcher: RunWatcher,
    private readonly registry: ExecutorRegistry,
    private readonly tenants: TenantContext,
    @Inject(EXECUTORS_OPTIONS) options: ExecutorsOptions,
  ) {
    this.shutdownTimeoutMs = options.shutdownTimeoutMs ?? DEFAULT_SHUTDOWN_TIMEOUT_MS;
  }

  /** Runs that are being executed in this process. */
  get activeCount(): number {
    return this.active.size;
  }

  /** Executes a run that was just stored, in the background. */
  start(tenantId: string, runId: string): void {
    // It never throws, and the shutdown waits for it.
    void this.execute(tenantId, runId);
  }

  /**
   * Takes a pending run up and executes it to its end. Does nothing when the run is not pending any more, and leaves
   * it pending when its executor is not in this process or the process is shutting down. Never throws.
   */
  async execute(tenantId: string, runId: string): Promise<void> {
    try {
      await this.tenants.run(tenantId, () => this.takeUpAndExecute(tenantId, runId));
    } catch (error) {
      if (this.stopping.signal.aborted || error instanceof RunNotFoundError) return;
      this.logger.error(`Run ${runId} could not be executed`, stackOf(error));
    }
  }

  /** Tells the executors to stop, waits for them, and fails the runs of those that do not. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    for (const attempt of this.active.keys()) attempt.abort('shutdown');
    const patience = new AbortController();
    await Promise.race([
      Promise.allSettled(this.active.values()),
      delay(this.shutdownTimeoutMs, undefined, { signal: patience.signal }).catch(() => undefined),
    ]);
    patience.abort();
    const reason = `The executor did not stop within ${this.shutdownTimeoutMs} ms of the shutdown.`;
    await Promise.all([...this.active.keys()].map((attempt) => attempt.giveUp(reason)));
  }

  private async takeUpAndExecute(tenantId: string, runId: string): Promise<void> {
    const { signal } = this.stopping;
    const pending = await retryWhileUnavailable(signal, () => this.runs.get(tenantId, runId));
    const executor = this.registry.get(pending.executor);
    if (!executor) {
      this.logger.warn(`Run ${runId} stays pending: there is no executor "${pending.executor}" here.`);
      return;
    }
    // While the run is pending this may be repeated: only the last fence counts.
    const fence = await retryWhileUnavailable(signal, () => this.runs.takeUp(tenantId, runId));
    if (fence === undefined) return;
    const run = await retryWhileUnavailable(signal, () => this.runs.get(tenantId, runId));
    signal.throwIfAborted();

    const attempt = new RunAttempt(this.store, this.watcher, run, fence);
    const done = attempt.execute(executor);
    this.active.set(attempt, done);
    try {
      await done;
    } finally {
      this.active.delete(attempt);
    }
  }
}
