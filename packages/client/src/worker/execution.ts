import type { RunstreamClient } from '../client.js';
import { isPassing, RunstreamClientError } from '../errors.js';
import { Retry, sleep } from '../http/retry.js';
import type { AnswerOf, EndStatus, QueryOf, RunEvent } from '../types.js';
import type { RunWriter } from '../writer.js';
import { type Asking, patiently, WAIT_SECONDS } from './asking.js';
import { textOf } from './outcomes.js';
import { eventOf, type ExecutorFunction, type LeaveReason, type WorkerRun } from './worker-run.js';

/** The run is another's by now, or nobody's. */
const GONE = new Set(['LEASE_LOST', 'RUN_ENDED', 'RUN_NOT_FOUND', 'RUN_EXPIRED']);

type Outcome = [status: EndStatus, data: Record<string, unknown>];
type Claim = AnswerOf<'claimRuns'>['claims'][number];

/** How an executor is served. */
export interface Serving {
  leaseSeconds: number;
  /** What is left is given back, and not failed. */
  mayRestart: boolean;
}

/** One attempt at a run. */
export class Execution {
  private readonly left = new AbortController();
  private readonly stopping = new AbortController();
  private readonly over = new AbortController();
  private readonly gaveUp = new AbortController();
  private readonly writer: RunWriter;
  private givingBack: Promise<void> | undefined;

  constructor(
    private readonly client: RunstreamClient,
    private readonly asking: Asking,
    private readonly claim: Claim,
    private readonly serving: Serving,
  ) {
    this.writer = this.newWriter('');
  }

  /** Executes it to its end, or until it is left. Never rejects. */
  async execute(work: ExecutorFunction): Promise<void> {
    void this.keepLease();
    try {
      const outcome = await this.outcomeOf(work);
      if (outcome) await this.finish(...outcome);
      else if (this.left.signal.reason === 'stopping') await this.giveBack();
    } catch (error) {
      if (!isGone(error)) this.asking.onError(error, `Run ${this.claim.run.id} could not be ended`);
    } finally {
      this.over.abort();
    }
  }

  /** Tells it that the worker is to end. */
  stop(): void {
    this.stopping.abort();
  }

  /** Has the work left. */
  leave(reason: LeaveReason): void {
    this.left.abort(reason);
  }

  /** For another worker to go on; or as lost, where the work must not be done twice. Never rejects. */
  giveBack(): Promise<void> {
    return (this.givingBack ??= this.tryToGiveBack());
  }

  /** Nothing more is sent, also if it could not be yet. */
  abandon(): void {
    this.over.abort();
    this.gaveUp.abort(new Error('The worker has ended.'));
  }

  private async outcomeOf(work: ExecutorFunction): Promise<Outcome | undefined> {
    try {
      const done = await this.drive(work(this.run()));
      return done && ['completed', { result: done.result ?? null }];
    } catch (error) {
      if (this.left.signal.aborted) return undefined;
      this.asking.onError(error, `Run ${this.claim.run.id} failed`);
      return ['failed', { error: textOf(error) }];
    }
  }

  /** Takes the events out of a function's generator. Returns undefined when it was left. */
  private async drive(work: ReturnType<ExecutorFunction>): Promise<{ result: unknown } | undefined> {
    if (!(Symbol.asyncIterator in work)) return { result: await work };
    for (;;) {
      const step = await work.next();
      if (step.done) return { result: step.value };
      try {
        this.left.signal.throwIfAborted();
        await this.writer.write(eventOf(step.value));
      } catch (error) {
        if (isGone(error)) this.leave(error.code === 'LEASE_LOST' ? 'lost' : 'cancelled');
        await work.return(undefined);
        throw error;
      }
    }
  }

  private async finish(status: EndStatus, data: Record<string, unknown>): Promise<void> {
    try {
      await this.writer.end(status, data);
    } catch (error) {
      if (isGone(error) || this.gaveUp.signal.aborted) throw error;
      // An event was refused: the end is still to be said.
      await this.newWriter(':end').end('failed', { error: textOf(error) });
    }
  }

  private async tryToGiveBack(): Promise<void> {
    const { run, lease_token } = this.claim;
    try {
      if (this.serving.mayRestart) {
        await this.writer.flush();
        await this.client.runs.release(run.id, lease_token, {}, { signal: this.gaveUp.signal });
      } else {
        await this.finish('failed', { error: 'executor lost' });
      }
    } catch (error) {
      if (!isGone(error)) this.asking.onError(error, `Run ${run.id} could not be given back`);
    }
  }

  /** Renews the lease, and hears of a cancel at once. */
  private async keepLease(): Promise<void> {
    const { run, lease_token } = this.claim;
    const { signal } = this.over;
    const leaseMs = this.serving.leaseSeconds * 1000;
    const longest = Math.min(Math.floor(this.serving.leaseSeconds / 3), WAIT_SECONDS);
    const retry = new Retry(this.asking.retryMs);
    let wait = longest;
    try {
      for (;;) {
        const asked = Date.now();
        try {
          const lease = await this.client.runs.renewLease(
            run.id,
            lease_token,
            { wait_seconds: wait },
            { signal },
          );
          if (lease.lease_expires_at === null) {
            this.leave('cancelled');
            return;
          }
          retry.succeeded();
          // Where it does not wait: it is asked not to, or shuts down.
          if (wait === 0 || Date.now() - asked < wait * 500) await sleep(leaseMs / 3, signal);
          wait = longest;
        } catch (error) {
          signal.throwIfAborted();
          if (!isPassing(error)) throw error;
          // Without a wait, of which there may be too many; and soon, for the lease goes on running out.
          wait = 0;
          await sleep(Math.min(retry.next(error), leaseMs / 6), signal);
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      this.leave(error instanceof RunstreamClientError && error.code === 'RUN_ENDED' ? 'cancelled' : 'lost');
    }
  }

  private newWriter(suffix: string): RunWriter {
    const { run, lease_token } = this.claim;
    // With the attempt in its keys, or the events of a second one would pass for those of the first.
    const writerId = `worker:${run.attempt}${suffix}`;
    return this.client.append(run.id, { writerId, leaseToken: lease_token, signal: this.gaveUp.signal });
  }

  private run(): WorkerRun {
    const { run } = this.claim;
    const { id, task, input, labels, attempt } = run;
    const { client, writer } = this;
    return {
      ...{ id, task, input, labels, attempt, client },
      data: run,
      signal: this.left.signal,
      stopping: this.stopping.signal,
      flush: () => writer.flush(),
      history: (query) => this.history(query),
    };
  }

  private async *history(query: QueryOf<'listEvents'> = {}): AsyncGenerator<RunEvent, void, undefined> {
    const { signal } = this.left;
    const next = query.order === 'desc' ? 'end_id' : 'start_id';
    const page = { ...query };
    for (;;) {
      const { events, next_id } = await patiently(
        () => this.client.runs.events(this.claim.run.id, page, { signal }),
        this.asking.retryMs,
        signal,
      );
      yield* events;
      if (next_id === null) return;
      page[next] = next_id;
    }
  }
}

function isGone(error: unknown): error is RunstreamClientError {
  return error instanceof RunstreamClientError && GONE.has(error.code);
}
