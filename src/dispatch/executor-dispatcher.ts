import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { errorReport, every, pause, RedisUnavailableError } from '../common/index.js';
import { SuspectGate, TenantDirectory } from '../consumer/index.js';
import { DispatchStore, ExecutorSlots, Partitions } from '../event-store/index.js';
import { WorkFinders } from '../stream-consumer/index.js';
import { ExecutorConsumer } from './executor-consumer.js';
import {
  ExecutorRegistry,
  EXECUTORS_DEFAULTS,
  EXECUTORS_OPTIONS,
  type ExecutorsOptions,
} from '../executors/index.js';
import { ExecutorRunner } from './executor-runner.js';
import { SlotReport } from './slot-report.js';

/** How long the last visits may take to end. */
const LAST_VISITS_MS = 1000;
const SLOTS_MS = 1000;

/** Runs the executors of this process, from its start to its end. */
@Injectable()
export class ExecutorDispatcher implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Executors');
  /** Unique for each start of a process: an earlier one's runs are taken over, never taken for our own. */
  private readonly process = `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`;
  /** Ends what must go on while executors finish: their leases. */
  private readonly stopped = new AbortController();
  private consumers: ExecutorConsumer[] = [];
  private loops: Promise<void>[] = [];

  constructor(
    private readonly dispatch: DispatchStore,
    private readonly directory: TenantDirectory,
    private readonly registry: ExecutorRegistry,
    private readonly runner: ExecutorRunner,
    private readonly gate: SuspectGate,
    private readonly finders: WorkFinders,
    private readonly slots: ExecutorSlots,
    private readonly partitions: Partitions,
    @Inject(EXECUTORS_OPTIONS) private readonly options: ExecutorsOptions,
  ) {}

  /** The executors that run here. */
  get running(): readonly ExecutorConsumer[] {
    return this.consumers;
  }

  onApplicationBootstrap(): void {
    const executors = this.registry.all();
    if (this.options.enabled === false || executors.length === 0) return;
    const { dispatch, directory, runner, gate, finders, partitions } = this;
    const deps = { dispatch, directory, runner, gate, finders, partitions };
    this.consumers = executors.map((registered) => new ExecutorConsumer(registered, this.process, deps));
    for (const consumer of this.consumers) consumer.start();
    const log = (error: unknown): void => {
      if (error instanceof RedisUnavailableError || dispatch.isUnavailable(error)) return;
      this.logger.error(errorReport(error));
    };
    const report = new SlotReport(this.slots, this.process);
    this.loops = [
      every(SLOTS_MS, this.stopped.signal, () => report.tell(this.consumers), log),
      ...executors.map((registered) =>
        every(
          registered.options.leaseMs / 3,
          this.stopped.signal,
          () => runner.beat(registered, this.process),
          log,
        ),
      ),
    ];
  }

  /** Takes up no more runs, and lets those that are being executed finish. */
  async beforeApplicationShutdown(): Promise<void> {
    const deadlineMs = this.options.shutdownTimeoutMs ?? EXECUTORS_DEFAULTS.shutdownTimeoutMs;
    const stopped = Promise.allSettled(this.consumers.map((consumer) => consumer.stop()));
    const enough = new AbortController();
    await Promise.race([stopped, pause(Math.min(LAST_VISITS_MS, deadlineMs), enough.signal)]);
    enough.abort();
    await this.runner.shutDown(deadlineMs, this.process);
    this.stopped.abort();
    await Promise.allSettled([stopped, ...this.loops]);
  }
}
