import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { every, RedisUnavailableError } from '../common/index.js';
import { TenantDirectory } from '../consumer/index.js';
import { DispatchStore, executorConsumer, type LapsedRun, RunSweep } from '../event-store/index.js';
import { Announcements } from '../stream-consumer/index.js';
import type { EventInput, JsonObject } from '../events/index.js';
import { EXECUTOR_LOST } from './executors/index.js';
import { IDLE_RUNS_DEFAULTS } from './idle-runs-options.js';
import { RUNS_OPTIONS, type RunsOptions } from './runs-options.js';

/** The error of an external run whose producer is gone. */
export const PRODUCER_LOST = 'producer lost';

/**
 * Sees to it that no run stays `running` for ever: also in processes that only serve the API, and one process at a time
 * for each tenant.
 */
@Injectable()
export class IdleRunsService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Runs');
  private readonly stopping = new AbortController();
  private readonly sweepMs: number;
  private readonly executorAbsentMs: number;
  private loop: Promise<void> | undefined;

  constructor(
    private readonly sweep: RunSweep,
    private readonly dispatch: DispatchStore,
    private readonly announcements: Announcements,
    private readonly tenants: TenantDirectory,
    @Inject(RUNS_OPTIONS) options: RunsOptions,
  ) {
    this.sweepMs = options.sweepMs ?? IDLE_RUNS_DEFAULTS.sweepMs;
    this.executorAbsentMs = options.executorAbsentMs ?? IDLE_RUNS_DEFAULTS.executorAbsentMs;
  }

  onApplicationBootstrap(): void {
    this.loop = every(
      this.sweepMs,
      this.stopping.signal,
      () => this.sweepAll(),
      (error) => {
        if (!(error instanceof RedisUnavailableError)) this.logger.error(error);
      },
    );
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.loop;
  }

  private async sweepAll(): Promise<void> {
    for (const tenantId of await this.tenants.list()) {
      if (this.stopping.signal.aborted) return;
      // A little less than the pause, or every other turn would come too early.
      if (await this.sweep.isOurTurn(tenantId, Math.ceil(this.sweepMs * 0.9))) await this.sweepOne(tenantId);
    }
  }

  private async sweepOne(tenantId: string): Promise<void> {
    const idle = await this.sweep.endIdle(tenantId, failed(PRODUCER_LOST));
    const { dispatched, lapsed } = await this.sweep.findLost(tenantId);
    let abandoned = 0;
    for (const run of lapsed) if (await this.endAbandoned(tenantId, run)) abandoned++;
    const forgotten = await this.sweep.forgetExpired(tenantId);
    if (idle + abandoned + dispatched === 0) return;
    this.logger.log(
      `Tenant ${tenantId}: ended ${idle} runs without a producer and ${abandoned} without an executor, ` +
        `dispatched ${dispatched} again, forgot ${forgotten} expired ones.`,
    );
  }

  /** Whoever has the executor takes care of its runs; this is for those whose executor nobody has any more. */
  private async endAbandoned(tenantId: string, run: LapsedRun): Promise<boolean> {
    const absentMs = this.executorAbsentMs;
    if (run.lapsedMs < absentMs) return false;
    if (await this.announcements.isAnnounced(executorConsumer(run.executor), absentMs)) return false;
    if (!(await this.dispatch.isPatient(absentMs))) return false;
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
