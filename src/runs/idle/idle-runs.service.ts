import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { errorText, every, RedisUnavailableError } from '../../common/index.js';
import { TenantDirectory } from '../../consumer/index.js';
import {
  DispatchStore,
  executorConsumer,
  isOfWorkers,
  type LapsedRun,
  Partitions,
  RunSweep,
  shownName,
  TENANTS_KEY,
} from '../../event-store/index.js';
import { Announcements, type LookAgain, Upkeep, type UpkeepRounds } from '../../stream-consumer/index.js';
import type { EventInput, JsonObject } from '../../events/index.js';
import { EXECUTOR_LOST } from '../../dispatch/index.js';
import { WorkerExecutors } from '../../pull/index.js';
import { RUNS_DEFAULTS, RUNS_OPTIONS, type RunsOptions } from '../runs-options.js';

/** The error of an external run whose producer is gone. */
export const PRODUCER_LOST = 'producer lost';

/**
 * Sees to it that no run stays `running` for ever: also in processes that only serve the API, and one process at a
 * time. It looks at tenants whose runs executors have, or may be overdue, and at those in which something came.
 */
@Injectable()
export class IdleRunsService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Runs');
  private readonly stopping = new AbortController();
  private readonly sweepMs: number;
  private readonly executorAbsentMs: number;
  private readonly rounds: UpkeepRounds;
  private loop: Promise<void> | undefined;

  constructor(
    private readonly sweep: RunSweep,
    private readonly dispatch: DispatchStore,
    private readonly announcements: Announcements,
    private readonly workers: WorkerExecutors,
    partitions: Partitions,
    tenants: TenantDirectory,
    upkeep: Upkeep,
    @Inject(RUNS_OPTIONS) options: RunsOptions,
  ) {
    this.sweepMs = options.sweepMs ?? RUNS_DEFAULTS.sweepMs;
    this.executorAbsentMs = options.executorAbsentMs ?? RUNS_DEFAULTS.executorAbsentMs;
    this.rounds = upkeep.create('runs', {
      everyMs: this.sweepMs,
      tenantsKey: TENANTS_KEY,
      named: tenants.named,
      partitionsOf: partitions.namesOf,
      look: (tenantId, nowMs, partition) => this.look(tenantId, nowMs, partition),
      work: (tenantId, _, partition) => this.sweepOne(tenantId, partition),
      onError: (tenantId, error) => {
        this.logger.error(`The runs of ${tenantId} could not be looked after: ${errorText(error)}`);
      },
    });
  }

  onApplicationBootstrap(): void {
    this.loop = every(
      this.sweepMs,
      this.stopping.signal,
      () => this.rounds.round(this.stopping.signal),
      (error) => {
        if (!(error instanceof RedisUnavailableError)) this.logger.error(error);
      },
    );
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.loop;
  }

  private async look(tenantId: string, nowMs: number, partition: number): Promise<LookAgain | 'work'> {
    await this.sweep.forgetExpired(tenantId, partition);
    const { dueMs, hasUndated } = await this.sweep.outlook(tenantId, partition);
    if (hasUndated || (dueMs !== undefined && dueMs <= nowMs)) return 'work';
    return this.sweep.isComparing(tenantId, partition) ? 'next round' : dueMs;
  }

  private async sweepOne(tenantId: string, partition: number): Promise<LookAgain> {
    const idle = await this.sweep.endIdle(tenantId, failed(PRODUCER_LOST), partition);
    const { dispatched, lapsed, executed } = await this.sweep.findLost(tenantId, partition);
    let abandoned = 0;
    for (const run of lapsed) if (await this.endAbandoned(tenantId, partition, run)) abandoned++;
    if (idle + abandoned + dispatched > 0)
      this.logger.log(
        `Tenant ${tenantId}: ended ${idle} runs without a producer and ${abandoned} without an executor, ` +
          `dispatched ${dispatched} again.`,
      );
    if (executed || this.sweep.isComparing(tenantId, partition)) return 'next round';
    return (await this.sweep.outlook(tenantId, partition)).dueMs;
  }

  /** Whoever has the executor takes care of its runs; this is for those whose executor nobody has any more. */
  private async endAbandoned(tenantId: string, partition: number, run: LapsedRun): Promise<boolean> {
    const absentMs = this.executorAbsentMs;
    if (run.lapsedMs < absentMs) return false;
    if (isOfWorkers(run.executor)) {
      // A worker may come after any time; what need not be waited for is a run that fails then.
      const onCrash = await this.workers.onCrash(tenantId, shownName(run.executor));
      if (onCrash === 'restart' || !(await this.dispatch.isPatient(absentMs, tenantId, partition)))
        return false;
      const lost = 'Its worker gave no sign of life, and no other has asked for runs since.';
      return this.sweep.endAbandoned(tenantId, run, absentMs, failed(EXECUTOR_LOST, { reason: lost }));
    }
    if (await this.announcements.isAnnounced(executorConsumer(run.executor), absentMs)) return false;
    if (!(await this.dispatch.isPatient(absentMs, tenantId, partition))) return false;
    const reason = `No process has the executor "${run.executor}" any more.`;
    return this.sweep.endAbandoned(tenantId, run, absentMs, failed(EXECUTOR_LOST, { reason }));
  }
}

function failed(error: string, details?: JsonObject): EventInput {
  return {
    event: { category: 'lifecycle', action: 'failed' },
    data: { error, ...(details && { details }) },
  };
}
