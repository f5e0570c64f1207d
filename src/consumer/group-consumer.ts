import { Logger } from '@nestjs/common';
import { every, pause, RedisUnavailableError, setLongTimeout } from '../common/index.js';
import type { EventStore } from '../event-store/index.js';
import { isNoGroup, isRedisUnavailable, type RedisConnections } from '../redis/index.js';
import type { ConsumerTelemetry } from './consumer-telemetry.js';
import { Deliverer } from './deliverer.js';
import { describeHandler } from './handler-description.js';
import type { EffectLimits } from './effect-budget.js';
import { newDelivery } from './delivery.js';
import { GroupReader } from './group-reader.js';
import { GroupRecovery } from './group-recovery.js';
import { GroupSource } from './group-source.js';
import { type Intake, OwnedIntake, SharedIntake } from './intake.js';
import { Ownership, OwnershipLostError } from './ownership.js';
import { Patience } from './patience.js';
import type { RecoveryResult } from './recovery-result.js';
import type { RegisteredHandler } from './registered-handler.js';
import type { SuspectGate } from './suspect-gate.js';
import type { TenantDirectory } from './tenant-directory.js';

const TICK_MS = 500;
/** How long a few free places wait for more: reading and beginning one by one costs many times as much. */
const GATHER_MS = 2;
const TENANTS_MS = 1000;
const ERROR_PAUSE_MS = 500;
const MAX_RECOVERY_PAUSE_MS = 15_000;
const TIDY_MS = 5000;
/** What handlers may still say when their time is up and their signal has told them so. */
const LAST_WORDS_MS = 500;
/** For a read to come back when it is interrupted. */
const INTERRUPT_MS = 500;
/** What an ordered group may hold in memory behind runs that wait. */
const MAX_HELD = 5000;
const GONE_AFTER_LEASES = 10;
/** No id of a ms ends higher; Redis's own limit is no number that a double holds. */
const MAX_SEQUENCE = Number.MAX_SAFE_INTEGER;

/** Consumes for one handler: the loops that read, keep leases, take up what is due and recover what was left. */
export class GroupConsumer {
  readonly deliverer: Deliverer;
  readonly recovery: GroupRecovery;
  private readonly sources = new Map<string, GroupSource>();
  /** Of an ordered group, by tenant. */
  private readonly ownerships = new Map<string, Ownership>();
  private readonly stopping = new AbortController();
  /** Ends what must go on while handlers finish: leases and outcomes. */
  private readonly stopped = new AbortController();
  private readonly reader: GroupReader;
  private readonly logger: Logger;
  private loops: Promise<void>[] = [];
  private wake: () => void = () => undefined;
  private newGroupsBegin = '0';
  private registered: { at: number; isFirst: boolean } | undefined;
  private hasFoundTenants = false;
  private readonly patience: Patience;
  private readonly intake: Intake;

  constructor(
    private readonly handler: RegisteredHandler,
    readonly consumer: string,
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
    private readonly tenants: TenantDirectory,
    gate: SuspectGate,
    telemetry: ConsumerTelemetry,
    private readonly effectLimits: EffectLimits,
  ) {
    const { group, leaseMs, concurrency } = handler.options;
    this.logger = new Logger(`Consumer ${group}`);
    this.deliverer = new Deliverer(handler, store, gate, telemetry, this.logger, this.stopped.signal);
    this.deliverer.onRoom = () => {
      this.wake();
    };
    this.deliverer.onOwnershipLost = (source) => {
      if (this.stopping.signal.aborted) return;
      this.becomeOwner(source.tenantId).catch((error: unknown) => {
        this.logUnlessUnavailable(error);
      });
    };
    this.patience = new Patience(redis, leaseMs);
    this.recovery = new GroupRecovery(this.patience, this.deliverer, concurrency, this.stopping.signal);
    this.reader = new GroupReader(redis.blocking(`group-${group}`), redis.commands, group, consumer);
    this.intake = this.ordered
      ? new OwnedIntake(MAX_HELD, this.reader, this.deliverer, this.recovery, ({ tenantId }) =>
          this.becomeOwner(tenantId),
        )
      : new SharedIntake(this.reader, this.deliverer);
  }

  get group(): string {
    return this.handler.options.group;
  }

  private get ordered(): boolean {
    return this.handler.options.ordering === 'run';
  }

  /** Finds the tenants, recovers what was left, and begins to consume. During an outage it waits for its end. */
  start(): void {
    this.loops = [this.run()];
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    const { leaseMs } = this.handler.options;
    const log = (error: unknown) => {
      this.logUnlessUnavailable(error);
    };
    this.loops.push(every(leaseMs / 3, this.stopped.signal, () => this.beat(), log));
    await this.untilItWorks(() => this.findTenants());
    // Whoever takes longer than a lease does not hold up the rest.
    if (!this.ordered) await Promise.race([this.untilItWorks(() => this.recover()), pause(leaseMs, signal)]);
    this.loops.push(
      every(TENANTS_MS, signal, () => this.findTenants(), log),
      every(TICK_MS, signal, () => this.tick(), log),
      every(TIDY_MS, signal, () => this.tidy(), log),
      this.readLoop(),
    );
    if (!this.ordered) {
      const pauseMs = Math.min(Math.max(leaseMs / 2, TICK_MS), MAX_RECOVERY_PAUSE_MS);
      this.loops.push(every(pauseMs, signal, () => this.startRecovery().then(() => undefined), log));
    }
  }

  /**
   * No new reads; handlers that run get until `deadlineMs` from now; what was read and not begun is handed back.
   */
  async stop(deadlineMs: number): Promise<void> {
    this.stopping.abort();
    this.wake();
    await within(INTERRUPT_MS, this.reader.interrupt());
    await this.deliverer.stop();
    await within(deadlineMs, this.deliverer.idle());
    const reason = new Error('The process is stopping.');
    this.stopped.abort(reason);
    for (const attempt of this.deliverer.attempts) attempt.abort(reason);
    await within(LAST_WORDS_MS, this.deliverer.idle());
    await Promise.allSettled([...this.ownerships.values()].map((ownership) => ownership.giveUp()));
    this.reader.close();
    await Promise.allSettled(this.loops);
  }

  /** Takes over what others have left. */
  async recover(): Promise<RecoveryResult> {
    return (await this.startRecovery()).result;
  }

  private async startRecovery(): Promise<{ result: Promise<RecoveryResult> }> {
    const { result } = await this.recovery.claimStale([...this.sources.values()]);
    const logged = result.then((found) => {
      if (found.claimed > 0) this.logger.log(`Recovered: ${JSON.stringify(found)}`);
      return found;
    });
    return { result: logged };
  }

  private async readLoop(): Promise<void> {
    const { signal } = this.stopping;
    const { batchSize, blockMs, concurrency } = this.handler.options;
    const enough = Math.min(batchSize, concurrency) / 2;
    let gathersUntil = 0;
    while (!signal.aborted) {
      const { room } = this.intake;
      const sources = this.intake.open(this.sources.values());
      if (room <= 0 || sources.length === 0) {
        gathersUntil = 0;
        await this.woken(TICK_MS);
        continue;
      }
      if (room < enough) {
        const now = performance.now();
        if (gathersUntil === 0) gathersUntil = now + GATHER_MS;
        if (now < gathersUntil) {
          await this.woken(GATHER_MS);
          continue;
        }
      }
      gathersUntil = 0;
      try {
        await this.intake.step(sources, Math.min(batchSize, room), blockMs);
      } catch (error) {
        if (signal.aborted) return;
        await this.afterFailedRead(error);
      }
    }
  }

  private async afterFailedRead(error: unknown): Promise<void> {
    this.intake.failed();
    if (isNoGroup(error)) {
      this.logger.warn('The consumer group is gone: making it again.');
      await this.untilItWorks(async () => {
        for (const source of this.sources.values()) await source.ensureGroup(this.newGroupsBegin);
      });
    } else this.logUnlessUnavailable(error);
    await pause(ERROR_PAUSE_MS, this.stopping.signal);
  }

  private async findTenants(): Promise<void> {
    const { from } = this.handler.options;
    if (from === 'now' && !this.registered) {
      this.registered = await this.tenants.register(this.group);
      // With that ms itself: what came after the moment may bear it too.
      this.newGroupsBegin = `${this.registered.at - 1}-${MAX_SEQUENCE}`;
    }
    // Tenants that come later had nothing at that moment.
    const areOlder = this.registered?.isFirst === true && !this.hasFoundTenants;
    let isNew = false;
    for (const tenantId of await this.tenants.list()) {
      for (const kind of ['journal', 'redrive'] as const) {
        const key = `${tenantId} ${kind}`;
        if (this.sources.has(key)) continue;
        const source = new GroupSource(tenantId, kind, this.redis.commands, this.store, {
          group: this.group,
          consumer: this.consumer,
          leaseMs: this.handler.options.leaseMs,
          maxAttempts: this.handler.options.maxAttempts,
          ownership: this.ownershipOf(tenantId),
          handler: describeHandler(this.handler),
          effectLimits: this.effectLimits,
        });
        await source.ensureGroup(this.newGroupsBegin, areOlder);
        if (this.ordered) await this.becomeOwner(tenantId);
        this.sources.set(key, source);
        isNew = true;
      }
    }
    this.hasFoundTenants = true;
    if (!isNew) return;
    await this.reader.interrupt();
    this.wake();
  }

  private async tick(): Promise<void> {
    for (const source of this.sources.values()) {
      try {
        await this.takeUpDue(source);
      } catch (error) {
        // Nothing that comes would tell an idle owner that its group is replayed.
        if (error instanceof OwnershipLostError) await this.becomeOwner(source.tenantId);
        else throw error;
      }
    }
  }

  private async takeUpDue(source: GroupSource): Promise<void> {
    const { batchSize } = this.handler.options;
    const { room } = this.intake;
    const wasPaused = source.paused;
    // The owner of an ordered group keeps the time itself; this only tells it of a pause.
    const { buried, entries } = await source.due(this.ordered ? 0 : Math.min(batchSize, Math.max(room, 0)));
    this.deliverer.buried(buried);
    await this.deliverer.accept(entries.map((entry) => newDelivery(source, entry)));
    if (wasPaused && !source.paused) this.wake();
  }

  private async beat(): Promise<void> {
    for (const [tenantId, ownership] of this.ownerships) {
      // While it stops, what it owns remains its own until its handlers are done.
      if (!this.stopping.signal.aborted || ownership.isOurs) await this.becomeOwner(tenantId);
    }
    for (const source of this.sources.values()) {
      const attempts = [...this.deliverer.attempts].filter((attempt) => attempt.delivery.source === source);
      if (attempts.length === 0) continue;
      const lost = new Set(await source.beat(attempts));
      for (const attempt of attempts) {
        if (lost.has(attempt.entry.id) && this.deliverer.attempts.has(attempt)) {
          attempt.abort(new Error('The lease was lost: another process has this event.'));
        }
      }
    }
  }

  private ownershipOf(tenantId: string): Ownership | undefined {
    if (!this.ordered) return undefined;
    let ownership = this.ownerships.get(tenantId);
    if (!ownership) {
      const { owner } = this.store.keys.group(tenantId, 0, this.group);
      const { leaseMs } = this.handler.options;
      ownership = new Ownership(this.redis.commands, owner, this.consumer, leaseMs, this.patience);
      this.ownerships.set(tenantId, ownership);
    }
    return ownership;
  }

  private async becomeOwner(tenantId: string): Promise<void> {
    const ownership = this.ownerships.get(tenantId);
    if (!ownership || !(await ownership.renew())) return;
    for (const source of this.sources.values()) {
      if (source.tenantId === tenantId) this.deliverer.forget(source);
    }
    if (!ownership.isOurs) return;
    // What is pending is to be taken over before anything new is waited for.
    await this.reader.interrupt();
    this.wake();
  }

  private async tidy(): Promise<void> {
    const { leaseMs } = this.handler.options;
    for (const source of this.sources.values()) await source.tidy(leaseMs * GONE_AFTER_LEASES);
  }

  private woken(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setLongTimeout(resolve, withinMs);
      this.wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  private async untilItWorks(work: () => Promise<unknown>): Promise<void> {
    while (!this.stopping.signal.aborted) {
      try {
        await work();
        return;
      } catch (error) {
        this.logUnlessUnavailable(error);
        await pause(ERROR_PAUSE_MS, this.stopping.signal);
      }
    }
  }

  /** An outage is logged once, by the connections; that the group is gone, by the one that makes it again. */
  private logUnlessUnavailable(error: unknown): void {
    if (error instanceof RedisUnavailableError || isRedisUnavailable(error)) this.patience.noteTrouble();
    else if (!isNoGroup(error)) this.logger.error(error);
  }
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  const enough = new AbortController();
  await Promise.race([work, pause(ms, enough.signal)]);
  enough.abort();
}
