import { Logger } from '@nestjs/common';
import { errorReport, RedisUnavailableError } from '../common/index.js';
import type { SuspectGate, TenantDirectory } from '../consumer/index.js';
import {
  type DispatchEntry,
  type DispatchSource,
  type DispatchStore,
  dispatchTopic,
  executorConsumer,
  type Partitions,
  type TakeUp,
  TENANTS_KEY,
} from '../event-store/index.js';
import {
  numberOf,
  type Partition,
  partitionOf,
  type Scope,
  type StreamConsumer,
  tenantOf,
  type Visited,
  type VisitTerms,
  type WorkFinder,
  type WorkFinders,
} from '../stream-consumer/index.js';
import type { RegisteredExecutor } from '../executors/index.js';
import type { ExecutorRunner } from './executor-runner.js';
import { retryWhileUnavailable } from './retry-while-unavailable.js';
import { takeUpTerms } from './take-up-terms.js';

/** A process that holds nothing and was silent for so long is forgotten. */
const SILENT_MS = 60_000;
/** Only what was given back is so old to the day after an outage. */
const GIVEN_BACK_MS = 12 * 3600 * 1000;
const OWN_PAGE = 100;
/** How soon it looks again while nobody may be taken for gone. */
const IMPATIENT_MS = 500;

export interface ExecutorConsumerDeps {
  dispatch: DispatchStore;
  directory: TenantDirectory;
  runner: ExecutorRunner;
  gate: SuspectGate;
  finders: WorkFinders;
  partitions: Partitions;
}

/** Takes up runs for one executor, as a WorkFinder finds them, and has them executed. */
export class ExecutorConsumer implements StreamConsumer {
  readonly name: string;
  readonly topic: string;
  private readonly logger = new Logger('Executors');
  readonly finder: WorkFinder;
  /** Runs that are in hand here, and whose. */
  private readonly taken = new Map<string, Partition>();
  private readonly takingUp = new Set<Promise<unknown>>();
  private readonly stopping = new AbortController();

  constructor(
    private readonly registered: RegisteredExecutor,
    /** This process, for others. */
    private readonly process: string,
    private readonly deps: ExecutorConsumerDeps,
  ) {
    this.name = executorConsumer(registered.name);
    this.topic = dispatchTopic(registered.name);
    this.finder = deps.finders.create(this, {
      member: process,
      tenantsKey: TENANTS_KEY,
      named: deps.directory.named,
      partitionsOf: deps.partitions.namesOf,
      onError: (error) => {
        this.logUnlessUnavailable(error);
      },
    });
  }

  get executor(): string {
    return this.registered.name;
  }

  get leaseMs(): number {
    return this.registered.options.leaseMs;
  }

  get concurrency(): number {
    return this.registered.options.concurrency;
  }

  get batchSize(): number {
    return this.concurrency;
  }

  get room(): number {
    return this.concurrency - this.taken.size;
  }

  serves(tenantId: string): boolean {
    return this.deps.directory.serves(tenantId);
  }

  inHand(partition: Partition): number {
    let count = 0;
    for (const of of this.taken.values()) if (of === partition) count++;
    return count;
  }

  owns(): boolean {
    return false;
  }

  start(): void {
    this.finder.start();
  }

  /** Takes up nothing more; what is executed goes on. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.finder.stop();
    await Promise.allSettled(this.takingUp);
  }

  isAtRest(partition: Partition): Promise<boolean> {
    return this.deps.dispatch.isAtRest(this.sourceOf(partition));
  }

  async visit(partition: Partition, { places, scope, resync }: VisitTerms): Promise<Visited> {
    const source = this.sourceOf(partition);
    let entries: DispatchEntry[];
    try {
      entries = await this.deps.dispatch.take(source, this.process, places);
    } catch (error) {
      if (!this.deps.dispatch.isGroupLost(error)) throw error;
      const isThere = await this.deps.dispatch.ensureGroup(source);
      return { taken: 0, more: isThere ? scope : undefined, isIdle: !isThere };
    }
    for (const entry of entries) this.begin(entry, false);
    if (resync) await this.takeUpOwn(source);
    if (scope === 'news')
      return { taken: entries.length, more: entries.length === places ? scope : undefined };
    return this.takeOver(source, entries.length, places, scope);
  }

  /** What others left, or gave back. */
  private async takeOver(
    source: DispatchSource,
    taken: number,
    places: number,
    scope: Scope,
  ): Promise<Visited> {
    const { dispatch } = this.deps;
    const isPatient = await dispatch.isPatient(this.leaseMs, source.tenantId, source.partition ?? 0);
    const most = places - taken;
    let claimed: DispatchEntry[] = [];
    if (most > 0) {
      claimed = await dispatch.claim(source, this.process, isPatient ? this.leaseMs : GIVEN_BACK_MS, most);
      for (const entry of claimed) this.begin(entry, isPatient);
    }
    const { pending, staleInMs } = await dispatch.outlook(source, this.process, this.leaseMs);
    await dispatch.forgetConsumers(source, Math.max(10 * this.leaseMs, SILENT_MS));
    return {
      taken: taken + claimed.length,
      more: taken + claimed.length >= places ? scope : undefined,
      lookInMs: staleInMs === undefined ? undefined : Math.max(staleInMs, isPatient ? 1 : IMPATIENT_MS),
      isIdle: pending === 0,
    };
  }

  /** Runs that were handed to us, but whose delivery was lost with the connection. */
  private async takeUpOwn(source: DispatchSource): Promise<void> {
    let after = '0';
    for (;;) {
      const entries = await this.deps.dispatch.readOwn(source, this.process, after, OWN_PAGE);
      const last = entries.at(-1);
      if (!last) return;
      after = last.id;
      // Where there is no room they stay: they are taken over when there is.
      for (const entry of entries) if (this.room > 0) this.begin(entry, false);
    }
  }

  private sourceOf(partition: Partition): DispatchSource {
    return {
      tenantId: tenantOf(partition),
      partition: numberOf(partition),
      executor: this.registered.name,
    };
  }

  private begin(entry: DispatchEntry, patient: boolean): void {
    if (this.stopping.signal.aborted || this.taken.has(entry.runId)) return;
    this.taken.set(entry.runId, partitionOf(entry.tenantId, entry.partition));
    void this.takeUpAndExecute(entry, patient).finally(() => {
      this.taken.delete(entry.runId);
      this.finder.pump();
    });
  }

  /** Never throws. */
  private async takeUpAndExecute(entry: DispatchEntry, patient: boolean): Promise<void> {
    const { gate } = this.deps;
    for (let busy = gate.free(); busy; busy = gate.free()) await busy;
    const answer = await this.takeUp(entry, patient, false);
    if (answer?.kind === 'suspect') {
      await gate.alone(async () => {
        await this.execute(await this.takeUp(entry, patient, true));
      });
    } else await this.execute(answer);
  }

  private async execute(answer: TakeUp | undefined): Promise<void> {
    if (answer?.kind !== 'taken') return;
    const { id, attempt } = answer.taken.run;
    if (attempt > 1) this.logger.warn(`Run ${id} is started again: attempt ${attempt}.`);
    await this.deps.runner.execute(answer.taken, this.registered, this.process);
  }

  /** Never throws. Undefined when there is nothing for us to execute. */
  private takeUp(entry: DispatchEntry, patient: boolean, alone: boolean): Promise<TakeUp | undefined> {
    const takingUp = this.tryTakeUp(entry, patient, alone);
    this.takingUp.add(takingUp);
    return takingUp.finally(() => this.takingUp.delete(takingUp));
  }

  private async tryTakeUp(
    entry: DispatchEntry,
    patient: boolean,
    alone: boolean,
  ): Promise<TakeUp | undefined> {
    const { dispatch } = this.deps;
    try {
      return await retryWhileUnavailable(
        this.stopping.signal,
        dispatch.takeUp(entry, takeUpTerms(this.registered, this.process, patient, alone)),
      );
    } catch (error) {
      if (this.stopping.signal.aborted) await dispatch.release(entry, this.process).catch(() => undefined);
      else this.logger.error(`Run ${entry.runId} could not be taken up`, errorReport(error));
      return undefined;
    }
  }

  /** An outage is logged once, by the connections. */
  private logUnlessUnavailable(error: unknown): void {
    const { dispatch } = this.deps;
    if (
      error instanceof RedisUnavailableError ||
      dispatch.isUnavailable(error) ||
      dispatch.isGroupLost(error)
    )
      return;
    this.logger.error(errorReport(error));
  }
}
