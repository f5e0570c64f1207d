import { Logger } from '@nestjs/common';
import type { Subscription } from 'rxjs';
import {
  errorReport,
  errorText,
  FenceLostError,
  isInstance,
  RedisUnavailableError,
  RunNotFoundError,
  RunstreamError,
} from '../common/index.js';
import type { EventStore, RunRecord, RunWatcher, TakenRun } from '../event-store/index.js';
import type { EventId, EventInput, JsonObject } from '../events/index.js';
import {
  type AbortReason,
  type RegisteredExecutor,
  RunAbortedError,
  RunFailedError,
} from '../executors/index.js';
import { activeTrace, type WorkSpan } from '../tracing/index.js';
import { executeSpan } from './execute-span.js';
import { completion, type ExecutionStatistics, failure, lost } from './run-outcome.js';
import { endReason, RunWriter, type RunWriterDeps } from './run-writer.js';
import { RunningExecution } from './running-execution.js';

const WATCH_RETRY_MS = 1000;

/** `left`: the run goes on elsewhere, once its lease is given back. */
export type AttemptEnd = 'over' | 'left';

/** One attempt at a run that was taken up, to the terminal event. */
export class RunAttempt {
  private readonly logger = new Logger('Executors');
  private readonly run: RunRecord;
  private readonly writer: RunWriter;
  private readonly execution: RunningExecution;
  private readonly startedAt = performance.now();
  private subscription: Subscription | undefined;
  private watchRetry: NodeJS.Timeout | undefined;
  /** Undefined where nothing is traced. */
  private span: WorkSpan | undefined;

  private readonly store: EventStore;
  private readonly watcher: RunWatcher;

  constructor(
    deps: RunWriterDeps,
    readonly taken: TakenRun,
    readonly registered: RegisteredExecutor,
    /** Called when others are to know what the run waits for by now. */
    onWaits: (attempt: RunAttempt) => void,
  ) {
    const { run, fence } = taken;
    this.run = run;
    this.store = deps.store;
    this.watcher = deps.watcher;
    const target = { tenantId: run.tenantId, runId: run.id, fence, attempt: run.attempt, trace: run.context };
    this.writer = new RunWriter(deps, target, (error) => {
      this.execution.abort(error);
    });
    this.execution = new RunningExecution(run, fence, this.writer, deps.store, deps.watcher, () => {
      onWaits(this);
    });
  }

  /** The event types that the executor waits for, separated by commas. */
  get waitingFor(): string {
    return this.execution.waitingFor;
  }

  /** Tells the executor to stop. At a shutdown it may still append; otherwise the run is not its any more. */
  abort(reason: AbortReason): void {
    if (reason !== 'shutdown') this.writer.close();
    this.execution.abort(new RunAbortedError(reason));
  }

  async execute(): Promise<AttemptEnd> {
    this.span = executeSpan(this.run);
    if (!this.span) return this.tryToExecute();
    try {
      return await this.span.run(() => this.tryToExecute());
    } finally {
      this.span.end();
    }
  }

  private async tryToExecute(): Promise<AttemptEnd> {
    this.watchForTheEnd(this.taken.position);
    let outcome: EventInput;
    try {
      const { executor } = this.registered;
      outcome = completion(await executor.execute(this.execution), this.statistics);
    } catch (error) {
      if (this.isLeftAtShutdown) return this.leave();
      outcome = this.failureOf(error);
    } finally {
      this.stopWatching();
    }
    await this.end({ ...outcome, context: { ...this.run.context, ...activeTrace() } });
    if (outcome.event.action === 'failed') this.endSpanOf(outcome);
    return 'over';
  }

  /** Ends the attempt without the executor, which may still be at work: nothing of it is stored any more. */
  async giveUp(reason: string): Promise<AttemptEnd> {
    this.stopWatching();
    if (this.isLeftAtShutdown) return this.leave();
    this.writer.close();
    this.span?.end({ kind: 'abandoned', error: reason });
    const { tenantId, id, context } = this.run;
    try {
      await this.store.append(tenantId, id, [{ ...lost(reason), context }], { fence: this.taken.fence });
      this.logger.warn(`Run ${id} has failed: ${reason}`);
    } catch (error) {
      // It has ended or gone meanwhile, or is another's.
      const isOurs = !(error instanceof RunstreamError || error instanceof FenceLostError);
      if (isOurs || error instanceof RedisUnavailableError) {
        this.logger.error(
          `Run ${id} is lost (${reason}), and that could not be recorded`,
          errorReport(error),
        );
      }
    }
    return 'over';
  }

  /** A shutdown is no fault of the run: what may be restarted goes on elsewhere. */
  private get isLeftAtShutdown(): boolean {
    const { reason } = this.execution.signal as { reason: unknown };
    const isShutdown = reason instanceof RunAbortedError && reason.reason === 'shutdown';
    return isShutdown && this.registered.options.onCrash === 'restart';
  }

  private leave(): AttemptEnd {
    this.writer.close();
    this.logger.log(`Run ${this.run.id} is left for another process.`);
    return 'left';
  }

  private get statistics(): ExecutionStatistics {
    return {
      duration_ms: Math.round(performance.now() - this.startedAt),
      events: this.writer.accepted,
    };
  }

  private failureOf(error: unknown): EventInput {
    const { signal } = this.execution;
    const what = `Run ${this.run.id} (${this.run.executor})`;
    if (signal.aborted) {
      this.logger.debug(`${what} stopped: ${errorText(signal.reason)}`);
      // Whatever it threw when it was told to stop, the reason is that.
      return failure(signal.reason, this.statistics);
    }
    if (isInstance(error, RunFailedError)) this.logger.debug(`${what} failed: ${errorText(error)}`);
    else this.logger.warn(`${what} failed: ${errorText(error)}\n${errorReport(error)}`);
    return failure(error, this.statistics);
  }

  private endSpanOf(failed: EventInput): void {
    const { signal } = this.execution;
    if (signal.aborted) this.span?.end({ kind: 'aborted', error: errorText(signal.reason) });
    else this.span?.end({ kind: 'failed', error: String((failed.data as JsonObject)['error']) });
  }

  private async end(outcome: EventInput): Promise<void> {
    try {
      await this.writer.write(outcome, { untilStored: true });
    } catch (error) {
      // A result that is too large, for one: the run must end all the same.
      const message = error instanceof RunstreamError ? error.message : errorText(error);
      const refusal = new RunFailedError(`The result was refused. ${message}`);
      const failed = { ...failure(refusal, this.statistics), context: outcome.context };
      await this.writer.write(failed, { untilStored: true });
    }
    this.writer.close();
    const { reason } = this.execution.signal as { reason: unknown };
    if (reason instanceof RunAbortedError && reason.reason === 'failed') {
      this.logger.error(`Run ${this.run.id}: its events could not be stored`, errorReport(reason.cause));
      await this.giveUp(reason.message);
    }
    if (this.writer.dropped > 0) {
      this.logger.debug(`Run ${this.run.id}: dropped ${this.writer.dropped} events that came after its end.`);
    }
  }

  /** So the executor hears at once that its run was cancelled or deleted, and not with its next event. */
  private watchForTheEnd(after: EventId): void {
    const { tenantId, id } = this.run;
    const filter = (type: string): boolean => type.startsWith('lifecycle.');
    this.subscription = this.watcher.watch(tenantId, id, { after, filter }).subscribe({
      next: (signal) => {
        if (signal.kind === 'close')
          this.abort(signal.reason === 'deleted' ? 'deleted' : endReason(signal.status));
      },
      error: (error: unknown) => {
        if (error instanceof RunNotFoundError) this.abort('deleted');
        else
          this.watchRetry = setTimeout(() => {
            this.watchForTheEnd(after);
          }, WATCH_RETRY_MS);
      },
    });
  }

  private stopWatching(): void {
    clearTimeout(this.watchRetry);
    this.subscription?.unsubscribe();
  }
}
