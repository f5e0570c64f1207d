import { type Partition, partitionOf } from '../stream-consumer/index.js';
import { Injectable, Logger } from '@nestjs/common';
import { errorReport, errorText, pause } from '../common/index.js';
import {
  type BeatAnswer,
  DispatchStore,
  EventStore,
  RunWatcher,
  type TakenRun,
} from '../event-store/index.js';
import { TenantContext } from '../tenancy/index.js';
import type { AbortReason, RegisteredExecutor } from '../executors/index.js';
import { OutageBuffer } from './outage-buffer.js';
import { type AttemptEnd, RunAttempt } from './run-attempt.js';
import type { RunWriterDeps } from './run-writer.js';

/** Executes runs that were taken up, and keeps their leases. Whose turn it is, is the dispatcher's business. */
@Injectable()
export class ExecutorRunner {
  private readonly logger = new Logger('Executors');
  private readonly active = new Map<RunAttempt, Promise<void>>();
  private stopping = false;

  private readonly deps: RunWriterDeps;

  constructor(
    store: EventStore,
    private readonly dispatch: DispatchStore,
    watcher: RunWatcher,
    private readonly tenants: TenantContext,
    buffer: OutageBuffer,
  ) {
    this.deps = { store, watcher, buffer };
  }

  /** Runs that are being executed in this process. */
  get activeCount(): number {
    return this.active.size;
  }

  /** Executes a run to its end, or to that of this process. Never throws. */
  async execute(taken: TakenRun, registered: RegisteredExecutor, consumer: string): Promise<void> {
    const attempt = new RunAttempt(this.deps, taken, registered, (waiting) => {
      this.beatOf([waiting], consumer).catch((error: unknown) => {
        // The next heartbeat says it.
        this.logger.debug(`Run ${taken.run.id}: what it waits for could not be told: ${errorText(error)}`);
      });
    });
    const done = this.tenants
      .run(taken.run.tenantId, () => attempt.execute())
      .then((end) => this.conclude(attempt, end, consumer))
      .catch((error: unknown) => {
        this.logger.error(`Run ${taken.run.id} could not be executed to its end`, errorReport(error));
      });
    this.active.set(attempt, done);
    if (this.stopping) attempt.abort('shutdown');
    await done;
    this.active.delete(attempt);
  }

  /** Extends the leases of an executor's runs, and stops those that are another's by now. */
  async beat(registered: RegisteredExecutor, consumer: string): Promise<void> {
    const byPartition = new Map<Partition, RunAttempt[]>();
    for (const attempt of this.active.keys()) {
      if (attempt.registered !== registered) continue;
      const { tenantId, partition } = attempt.taken.entry;
      const name = partitionOf(tenantId, partition);
      byPartition.set(name, [...(byPartition.get(name) ?? []), attempt]);
    }
    for (const attempts of byPartition.values()) await this.beatOf(attempts, consumer);
  }

  /** @param attempts of runs of one partition, by one executor */
  private async beatOf(attempts: readonly RunAttempt[], consumer: string): Promise<void> {
    const [first] = attempts;
    if (!first) return;
    const { leaseMs } = first.registered.options;
    const held = attempts.map(({ taken, waitingFor }) => ({
      runId: taken.run.id,
      fence: taken.fence,
      waitingFor,
    }));
    const answers = await this.dispatch.beat(first.taken.entry, consumer, leaseMs, held);
    for (const [i, attempt] of attempts.entries()) {
      const reason = ABORT_REASONS[answers[i] ?? 'held'];
      if (reason) attempt.abort(reason);
    }
  }

  /**
   * Tells the executors to stop and waits for them. Runs of those that do not in time are left for another process or
   * failed, as each executor says.
   */
  async shutDown(deadlineMs: number, consumer: string): Promise<void> {
    this.stopping = true;
    for (const attempt of this.active.keys()) attempt.abort('shutdown');
    const enough = new AbortController();
    await Promise.race([Promise.all(this.active.values()), pause(deadlineMs, enough.signal)]);
    enough.abort();
    const reason = `The executor did not stop within ${deadlineMs} ms of the shutdown.`;
    await Promise.allSettled(
      [...this.active.keys()].map(async (attempt) =>
        this.conclude(attempt, await attempt.giveUp(reason), consumer),
      ),
    );
  }

  /** When it fails, the entry is found by its lease later. */
  private async conclude({ taken }: RunAttempt, end: AttemptEnd, consumer: string): Promise<void> {
    const { entry, fence } = taken;
    try {
      if (end === 'left') await this.dispatch.release(entry, consumer, fence);
      else await this.dispatch.settle(entry);
    } catch (error) {
      this.logger.debug(`Run ${entry.runId} has ended, its dispatch entry has not: ${errorText(error)}`);
    }
  }
}

const ABORT_REASONS: Record<BeatAnswer, AbortReason | undefined> = {
  held: undefined,
  lost: 'taken_over',
  gone: 'deleted',
  cancelled: 'cancelled',
  completed: 'ended',
  failed: 'ended',
};
