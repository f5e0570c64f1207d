import { Logger } from '@nestjs/common';
import { RedisUnavailableError } from '../common/index.js';
import type { EventStore } from '../event-store/index.js';
import { isRedisUnavailable, NoGroupError, type RedisConnections } from '../redis/index.js';
import type { ConsumerTelemetry } from './consumer-telemetry.js';
import { Deliverer } from './deliverer.js';
import { every, pause } from './every.js';
import { GroupReader } from './group-reader.js';
import { GroupRecovery } from './group-recovery.js';
import { GroupSource } from './group-source.js';
import type { RecoveryResult } from './recovery-result.js';
import type { RegisteredHandler } from './registered-handler.js';
import type { SoloGate } from './solo-gate.js';
import type { TenantDirectory } from './tenant-directory.js';

const TICK_MS = 500;
const TENANTS_MS = 1000;
const ERROR_PAUSE_MS = 500;
const MAX_RECOVERY_PAUSE_MS = 15_000;
const TIDY_MS = 5000;
/** What an ordered group may hold in memory behind runs that wait. */
const MAX_HELD = 5000;
const GONE_AFTER_LEASES = 10;

/** Consumes for one handler: the loops that read, keep leases, take up what is due and recover what was left. */
export class GroupConsumer {
  readonly deliverer: Deliverer;
  readonly recovery: GroupRecovery;
  private readonly sources = new Map<string, GroupSource>();
  private readonly stopping = new AbortController();
  /** Ends what must go on while handlers finish: leases and outcomes. */
  private readonly stopped = new AbortController();
  private readonly reader: GroupReader;
  private readonly logger: Logger;
  private loops: Promise<void>[] = [];
  private wake: () => void = () => undefined;
  private newGroupsBegin = '0';
  /** A reply may be lost, and with it entries that are ours. */
  private mustResync = false;

  constructor(
    private readonly handler: RegisteredHandler,
    readonly consumer: string,
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
    private readonly tenants: TenantDirectory,
    gate: SoloGate,
    telemetry: ConsumerTelemetry,
  ) {
    const { group, leaseMs } = handler.options;
    this.logger = new Logger(`Consumer ${group}`);
    this.deliverer = new Deliverer(handler, store, gate, telemetry, this.logger, this.stopped.signal);
    this.deliverer.onRoom = () => {
      this.wake();
    };
    this.recovery = new GroupRecovery(redis, this.deliverer, leaseMs, this.stopping.signal);
    this.reader = new GroupReader(redis.blocking(`group-${group}`), redis.commands, group, consumer);
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
    if (!this.ordered) await this.untilItWorks(() => this.recover());
    this.loops.push(
      every(TENANTS_MS, signal, () => this.findTenants(), log),
      every(TICK_MS, signal, () => this.tick(), log),
      every(TIDY_MS, signal, () => this.tidy(), log),
      this.readLoop(),
    );
    if (!this.ordered) {
      const pauseMs = Math.min(Math.max(leaseMs / 2, TICK_MS), MAX_RECOVERY_PAUSE_MS);
      this.loops.push(every(pauseMs, signal, async () => void (await this.recover()), log));
    }
  }

  /**
   * No new reads; handlers that run get until `deadlineMs` from now; what was read and not begun is handed back.
   */
  async stop(deadlineMs: number): Promise<void> {
    this.stopping.abort();
    this.wake();
    await this.reader.interrupt();
    const waiting = this.deliverer.stop();
    if (!this.ordered) await this.handBack(waiting);
    const enough = new AbortController();
    await Promise.race([this.deliverer.idle(), pause(deadlineMs, enough.signal)]);
    enough.abort();
    this.stopped.abort(new Error('The process is stopping.'));
    for (const attempt of this.deliverer.attempts) attempt.abort(new Error('The process is stopping.'));
    if (this.ordered) {
      await Promise.allSettled(
        [...this.sources.values()].filter(({ fence }) => fence).map((one) => one.own(0)),
      );
    }
    this.reader.close();
    await Promise.allSettled(this.loops);
  }

  /** Takes over what others have left. */
  async recover(): Promise<RecoveryResult> {
    const result = await this.recovery.claimStale([...this.sources.values()]);
    if (result.claimed > 0) this.logger.log(`Recovered: ${JSON.stringify(result)}`);
    return result;
  }

  private async readLoop(): Promise<void> {
    const { signal } = this.stopping;
    const { batchSize, blockMs, concurrency } = this.handler.options;
    const most = this.ordered ? MAX_HELD : concurrency;
    while (!signal.aborted) {
      const room = most - this.deliverer.lanes.size;
      const sources = [...this.sources.values()].filter(
        (one) => !one.paused && (!this.ordered || one.fence !== ''),
      );
      if (room <= 0 || sources.length === 0) {
        await this.woken();
        continue;
      }
      try {
        if (this.mustResync) await this.takeUpOwn(sources);
        for (const { source, entries } of await this.reader.read(
          sources,
          Math.min(batchSize, room),
          blockMs,
        )) {
          await this.deliverer.accept(entries.map((entry) => ({ source, entry })));
        }
      } catch (error) {
        if (signal.aborted) return;
        await this.afterFailedRead(error);
      }
    }
  }

  private async afterFailedRead(error: unknown): Promise<void> {
    this.mustResync = true;
    if (error instanceof NoGroupError) {
      this.logger.warn('The consumer group is gone: making it again.');
      await this.untilItWorks(async () => {
        for (const source of this.sources.values()) await source.ensureGroup(this.newGroupsBegin);
      });
    } else this.logUnlessUnavailable(error);
    await pause(ERROR_PAUSE_MS, this.stopping.signal);
  }

  /** Entries of ours that nobody here works on: their delivery was lost with the connection. */
  private async takeUpOwn(sources: readonly GroupSource[]): Promise<void> {
    for (const source of sources) {
      const held = new Set<string>();
      for (const delivery of this.deliverer.lanes)
        if (delivery.source === source) held.add(delivery.entry.id);
      let after = '0';
      for (;;) {
        const entries = await this.reader.readOwn(source, after, 100);
        const last = entries.at(-1);
        if (!last) break;
        after = last.id;
        const unknown = entries.filter(({ id }) => !held.has(id));
        await this.deliverer.accept(unknown.map((entry) => ({ source, entry })));
      }
    }
    this.mustResync = false;
  }

  private async findTenants(): Promise<void> {
    const { from } = this.handler.options;
    if (this.sources.size === 0 && from === 'now') {
      this.newGroupsBegin = `${await this.tenants.registeredAt(this.group)}-0`;
    }
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
        });
        await source.ensureGroup(this.newGroupsBegin);
        if (this.ordered) await this.becomeOwner(source);
        this.sources.set(key, source);
        isNew = true;
      }
    }
    if (!isNew) return;
    await this.reader.interrupt();
    this.wake();
  }

  private async tick(): Promise<void> {
    for (const source of this.sources.values()) {
      const wasPaused = source.paused;
      // The owner of an ordered group keeps the time itself; this only tells it of a pause.
      const { entries } = await source.due(this.ordered ? 0 : this.handler.options.batchSize);
      await this.deliverer.accept(entries.map((entry) => ({ source, entry })));
      if (wasPaused && !source.paused) this.wake();
    }
  }

  private async beat(): Promise<void> {
    if (this.ordered && !this.stopping.signal.aborted) {
      for (const source of this.sources.values()) await this.becomeOwner(source);
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

  private async becomeOwner(source: GroupSource): Promise<void> {
    const before = source.fence;
    if (!(await source.own())) {
      if (before !== '') this.deliverer.lanes.drain((delivery) => delivery.source === source);
      return;
    }
    if (source.fence === before) return;
    this.deliverer.lanes.drain((delivery) => delivery.source === source);
    await this.recovery.takeOver(source);
    this.wake();
  }

  private async tidy(): Promise<void> {
    const { leaseMs } = this.handler.options;
    for (const source of this.sources.values()) await source.tidy(leaseMs * GONE_AFTER_LEASES);
  }

  private async handBack(
    deliveries: readonly { source: GroupSource; entry: { id: string } }[],
  ): Promise<void> {
    for (const source of this.sources.values()) {
      const ours = deliveries.filter((delivery) => delivery.source === source);
      await source.handBack(ours.map(({ entry }) => entry.id)).catch((error: unknown) => {
        this.logUnlessUnavailable(error);
      });
    }
  }

  private woken(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, TICK_MS);
      this.wake = () => {
        clearTimeout(timer);
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

  /** An outage is logged once, by the connections. */
  private logUnlessUnavailable(error: unknown): void {
    if (error instanceof RedisUnavailableError || isRedisUnavailable(error)) return;
    this.logger.error(error);
  }
}
