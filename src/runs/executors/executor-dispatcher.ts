import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { errorReport, every, pause, RedisUnavailableError } from '../../common/index.js';
import { SuspectGate, TenantDirectory } from '../../consumer/index.js';
import {
  type DispatchEntry,
  type DispatchReader,
  type DispatchSource,
  DispatchStore,
  type TakeUp,
} from '../../event-store/index.js';
import { DispatchSources } from './dispatch-sources.js';
import { ExecutorRegistry, type RegisteredExecutor } from './executor-registry.js';
import { ExecutorRunner } from './executor-runner.js';
import { ExecutorSlots } from './executor-slots.js';
import {
  DEFAULT_SHUTDOWN_TIMEOUT_MS,
  EXECUTORS_OPTIONS,
  type ExecutorsOptions,
} from './executors-options.js';
import { retryWhileUnavailable } from './retry-while-unavailable.js';
import { takeUpTerms } from './take-up-terms.js';

const BLOCK_MS = 5000;
const TENANTS_MS = 1000;
/** How often it looks for runs that another process left; what was given back waits so long at most. */
const CLAIM_MS = 1000;
const ANNOUNCE_MS = 10_000;
const TIDY_MS = 60_000;
const ERROR_PAUSE_MS = 500;
/** How long a read may take to end once it was interrupted. */
const INTERRUPT_MS = 1000;
/** Looking for runs that were left takes no more than one part in so many of the time, however many tenants. */
const CLAIM_SHARE = 20;
/** Only what was given back is so old to the day after an outage. */
const GIVEN_BACK_MS = 12 * 3600 * 1000;
const OWN_PAGE = 100;

/**
 * Finds runs to execute, from the start of the process to its end: new ones by a blocking read, those of processes that
 * are gone by their leases.
 */
@Injectable()
export class ExecutorDispatcher implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Executors');
  /** Unique for each start of a process: an earlier one's runs are claimed, never taken for our own. */
  private readonly consumer = `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`;
  private readonly stopping = new AbortController();
  /** Ends what must go on while executors finish: their leases. */
  private readonly stopped = new AbortController();
  private readonly takingUp = new Set<Promise<unknown>>();
  private slots: ExecutorSlots[] = [];
  private sources: DispatchSources | undefined;
  private reader: DispatchReader | undefined;
  private searching: Promise<void>[] = [];
  private beating: Promise<void>[] = [];
  private nextClaimAt = 0;
  private wake: () => void = () => undefined;
  private claiming: Promise<void> | undefined;
  /** There is more to be claimed than there was room for. */
  private hasBacklog = false;
  /** A reply may be lost, and with it runs that are ours. */
  private mustResync = false;
  /** Executors that the present read leaves out, since they have no room. */
  private leftOut: readonly ExecutorSlots[] = [];

  constructor(
    private readonly dispatch: DispatchStore,
    private readonly directory: TenantDirectory,
    private readonly registry: ExecutorRegistry,
    private readonly runner: ExecutorRunner,
    private readonly gate: SuspectGate,
    @Inject(EXECUTORS_OPTIONS) private readonly options: ExecutorsOptions,
  ) {}

  onApplicationBootstrap(): void {
    this.slots = this.registry.all().map((registered) => new ExecutorSlots(registered));
    if (this.options.enabled === false || this.slots.length === 0) return;
    const names = this.slots.map(({ name }) => name);
    this.sources = new DispatchSources(this.dispatch, this.directory, names);
    this.reader = this.dispatch.reader(this.consumer);
    const { signal } = this.stopping;
    const log = (error: unknown) => {
      this.logUnlessUnavailable(error);
    };
    this.searching = [
      every(TENANTS_MS, signal, () => this.findTenants(), log),
      every(CLAIM_MS, signal, () => this.claimNowAndThen(), log),
      every(ANNOUNCE_MS, signal, () => this.dispatch.announce(names), log),
      every(TIDY_MS, signal, () => this.tidy(), log),
      this.readLoop(this.reader),
    ];
    this.beating = this.slots.map(({ registered }) =>
      every(
        registered.options.leaseMs / 3,
        this.stopped.signal,
        () => this.runner.beat(registered, this.consumer),
        log,
      ),
    );
  }

  /** Takes up no more runs, and lets those that are being executed finish. */
  async beforeApplicationShutdown(): Promise<void> {
    const deadlineMs = this.options.shutdownTimeoutMs ?? DEFAULT_SHUTDOWN_TIMEOUT_MS;
    this.stopping.abort();
    this.wake();
    await this.reader?.interrupt();
    const searched = Promise.allSettled([...this.searching, ...this.takingUp]);
    const enough = new AbortController();
    await Promise.race([searched, pause(Math.min(INTERRUPT_MS, deadlineMs), enough.signal)]);
    enough.abort();
    // A read that Redis does not answer ends with its connection.
    this.reader?.close();
    await this.runner.shutDown(deadlineMs, this.consumer);
    this.stopped.abort();
    await Promise.allSettled([searched, ...this.beating]);
  }

  /** A run was created for this tenant: one that is new must not wait until it is found. */
  expect(tenantId: string): void {
    if (this.sources?.has(tenantId) !== false) return;
    this.findTenants().catch((error: unknown) => {
      this.logUnlessUnavailable(error);
    });
  }

  private async readLoop(reader: DispatchReader): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const open = this.slots.filter(({ free }) => free > 0);
      this.leftOut = this.slots.filter((slots) => !open.includes(slots));
      const sources = this.sourcesOf(open);
      if (sources.length === 0) {
        await this.woken();
        continue;
      }
      try {
        if (this.mustResync) await this.takeUpOwn(reader, sources);
        const count = Math.min(...open.map(({ free }) => free));
        await this.accept(await reader.read(sources, count, BLOCK_MS));
      } catch (error) {
        if (signal.aborted) return;
        await this.afterFailedRead(error);
      }
    }
  }

  private async afterFailedRead(error: unknown): Promise<void> {
    this.mustResync = true;
    if (this.dispatch.isGroupLost(error)) {
      this.logger.warn('The group that shares runs among processes is gone: making it again.');
      await this.sources?.ensureGroups().catch((failure: unknown) => {
        this.logUnlessUnavailable(failure);
      });
    } else this.logUnlessUnavailable(error);
    await pause(ERROR_PAUSE_MS, this.stopping.signal);
  }

  /** Runs that were handed to us, but whose delivery was lost with the connection. */
  private async takeUpOwn(reader: DispatchReader, sources: readonly DispatchSource[]): Promise<void> {
    for (const source of sources) {
      let after = '0';
      for (;;) {
        const entries = await reader.readOwn(source, after, OWN_PAGE);
        const last = entries.at(-1);
        if (!last) break;
        after = last.id;
        // A process that has no room keeps them: they are claimed when it has.
        for (const entry of entries) if (this.hasRoomFor(entry)) this.begin(entry, false);
      }
    }
    this.mustResync = false;
  }

  /** More may come than there is room for, since a read gives so many of each tenant: the rest is given back. */
  private async accept(entries: readonly DispatchEntry[]): Promise<void> {
    const surplus: DispatchEntry[] = [];
    for (const entry of entries) {
      if (this.hasRoomFor(entry)) this.begin(entry, false);
      else surplus.push(entry);
    }
    if (surplus.length === 0) return;
    this.hasBacklog = true;
    await Promise.all(surplus.map((entry) => this.dispatch.release(entry, this.consumer)));
  }

  private async claimNowAndThen(): Promise<void> {
    const startedAt = performance.now();
    if (startedAt < this.nextClaimAt) return;
    await this.claim();
    this.nextClaimAt = performance.now() + CLAIM_SHARE * (performance.now() - startedAt);
  }

  private claim(): Promise<void> {
    this.claiming ??= this.claimAll().finally(() => (this.claiming = undefined));
    return this.claiming;
  }

  private async claimAll(): Promise<void> {
    this.hasBacklog = false;
    for (const slots of this.slots) {
      const { leaseMs } = slots.registered.options;
      if (slots.free <= 0) continue;
      const patient = await this.dispatch.isPatient(leaseMs);
      for (const source of this.sourcesOf([slots])) {
        const most = slots.free;
        if (most <= 0 || this.stopping.signal.aborted) break;
        const entries = await this.claimOf(source, patient ? leaseMs : GIVEN_BACK_MS, most);
        for (const entry of entries) if (this.hasRoomFor(entry)) this.begin(entry, patient);
        if (entries.length >= most) this.hasBacklog = true;
      }
    }
  }

  private async claimOf(source: DispatchSource, idleMs: number, most: number): Promise<DispatchEntry[]> {
    try {
      return await this.dispatch.claim(source, this.consumer, idleMs, most);
    } catch (error) {
      if (!this.dispatch.isGroupLost(error)) throw error;
      await this.dispatch.ensureGroup(source);
      return [];
    }
  }

  private begin(entry: DispatchEntry, patient: boolean): void {
    const slots = this.slotsOf(entry);
    if (!slots || this.stopping.signal.aborted) return;
    slots.enter(entry.runId);
    void this.takeUpAndExecute(entry, slots.registered, patient).finally(() => {
      slots.leave(entry.runId);
      this.roomIn(slots);
    });
  }

  /** Never throws. */
  private async takeUpAndExecute(
    entry: DispatchEntry,
    registered: RegisteredExecutor,
    patient: boolean,
  ): Promise<void> {
    for (let busy = this.gate.free(); busy; busy = this.gate.free()) await busy;
    const answer = await this.takeUp(entry, registered, patient, false);
    if (answer?.kind === 'suspect') {
      await this.gate.alone(async () => {
        await this.execute(await this.takeUp(entry, registered, patient, true), registered);
      });
    } else await this.execute(answer, registered);
  }

  private async execute(answer: TakeUp | undefined, registered: RegisteredExecutor): Promise<void> {
    if (answer?.kind !== 'taken') return;
    const { id, attempt } = answer.taken.run;
    if (attempt > 1) this.logger.warn(`Run ${id} is started again: attempt ${attempt}.`);
    await this.runner.execute(answer.taken, registered, this.consumer);
  }

  /** Never throws. Undefined when there is nothing for us to execute. */
  private takeUp(
    entry: DispatchEntry,
    registered: RegisteredExecutor,
    patient: boolean,
    alone: boolean,
  ): Promise<TakeUp | undefined> {
    const takingUp = this.tryTakeUp(entry, registered, patient, alone);
    this.takingUp.add(takingUp);
    return takingUp.finally(() => this.takingUp.delete(takingUp));
  }

  private async tryTakeUp(
    entry: DispatchEntry,
    registered: RegisteredExecutor,
    patient: boolean,
    alone: boolean,
  ): Promise<TakeUp | undefined> {
    try {
      return await retryWhileUnavailable(
        this.stopping.signal,
        this.dispatch.takeUp(entry, takeUpTerms(registered, this.consumer, patient, alone)),
      );
    } catch (error) {
      if (this.stopping.signal.aborted) {
        await this.dispatch.release(entry, this.consumer).catch(() => undefined);
      } else this.logger.error(`Run ${entry.runId} could not be taken up`, errorReport(error));
      return undefined;
    }
  }

  private roomIn(slots: ExecutorSlots): void {
    if (this.stopping.signal.aborted) return;
    this.wake();
    const next = async (): Promise<void> => {
      if (this.hasBacklog) await this.claim();
      if (this.leftOut.includes(slots)) await this.reader?.interrupt();
    };
    next().catch((error: unknown) => {
      this.logUnlessUnavailable(error);
    });
  }

  private async findTenants(): Promise<void> {
    if (!(await this.sources?.find())) return;
    this.wake();
    await this.reader?.interrupt();
  }

  private async tidy(): Promise<void> {
    for (const slots of this.slots) {
      const silentMs = Math.max(10 * slots.registered.options.leaseMs, TIDY_MS);
      for (const source of this.sourcesOf([slots])) await this.dispatch.forgetConsumers(source, silentMs);
    }
  }

  private sourcesOf(slots: readonly ExecutorSlots[]): DispatchSource[] {
    return this.sources?.of(slots.map(({ name }) => name)) ?? [];
  }

  private slotsOf({ executor }: DispatchEntry): ExecutorSlots | undefined {
    return this.slots.find(({ name }) => name === executor);
  }

  private hasRoomFor(entry: DispatchEntry): boolean {
    const slots = this.slotsOf(entry);
    return slots !== undefined && slots.free > 0 && !slots.has(entry.runId);
  }

  private woken(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, TENANTS_MS);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** An outage is logged once, by the connections. */
  private logUnlessUnavailable(error: unknown): void {
    if (error instanceof RedisUnavailableError || this.dispatch.isUnavailable(error)) return;
    this.logger.error(errorReport(error));
  }
}
