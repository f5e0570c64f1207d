import type { Logger } from '@nestjs/common';
import { type LongTimeout, RedisUnavailableError, setLongTimeout } from '../common/index.js';
import type { EventStore } from '../event-store/index.js';
import { compareEventIds, decodeEvent, type RecordedEvent } from '../events/index.js';
import { isNoGroup } from '../redis/index.js';
import { AttemptReport } from './attempt-report.js';
import { askCanHandle } from './can-handle.js';
import type { ConsumerTelemetry } from './consumer-telemetry.js';
import { Attempt, bySource, type DelivererHooks, type Delivery } from './delivery.js';
import type { GroupSource } from './group-source.js';
import { Lanes } from './lanes.js';
import type { RegisteredHandler } from './registered-handler.js';
import type { Beginning } from './lease.js';
import { OwnershipLostError } from './ownership.js';
import { OutcomeRecorder, type Recorded } from './outcome-recorder.js';
import { runAttempt } from './run-attempt.js';
import type { SuspectGate } from './suspect-gate.js';

/** Wait before an entry is begun again that could not be begun: Redis away, group paused, event handled elsewhere. */
const AGAIN_MS = 500;
/** Entries that one script begins, at most. */
const MAX_BATCH = 500;

/**
 * Brings entries that were read to their outcomes: begins them in batches, calls the handler, and records what came of
 * it, in batches too.
 */
export class Deliverer {
  readonly lanes: Lanes<Delivery>;
  /** Attempts whose handler is running, or whose outcome is being recorded. */
  readonly attempts = new Set<Attempt>();
  private readonly recorder: OutcomeRecorder;
  private readonly report: AttemptReport;
  /** What waits to be begun again. */
  private readonly timers = new Map<Delivery, LongTimeout>();
  private readonly ordered: boolean;
  /** Entries that were begun, or are about to be, and have no outcome that is recorded. */
  private active = 0;
  /** Of these: those that wait for their outcome to be recorded. They take no room from others. */
  private settling = 0;
  private makingRoom = false;
  private stopped = false;
  private notifyIdle: (() => void)[] = [];

  constructor(
    private readonly handler: RegisteredHandler,
    private readonly store: EventStore,
    private readonly gate: SuspectGate,
    private readonly telemetry: ConsumerTelemetry,
    private readonly logger: Logger,
    private readonly signal: AbortSignal,
    private readonly hooks: DelivererHooks,
  ) {
    this.ordered = handler.options.ordering === 'run';
    this.recorder = new OutcomeRecorder(logger, signal);
    this.report = new AttemptReport(handler, telemetry, logger, signal);
    this.lanes = new Lanes(
      ({ source, entry }) => `${source.stream} ${this.ordered ? entry.runId : entry.id}`,
      ({ source }) => source.tenantId,
      ({ entry }, count) => {
        hooks.onHeld(count * entry.event.body.length);
      },
    );
  }

  /** Takes entries that belong to this consumer. Those its handler does not want are acknowledged. */
  async accept(deliveries: readonly Delivery[]): Promise<void> {
    if (this.stopped) return this.handBack(deliveries);
    const unwanted: Delivery[] = [];
    for (const delivery of deliveries) {
      if (this.isWanted(delivery)) this.lanes.push(delivery);
      else unwanted.push(delivery);
    }
    this.pump();
    for (const [source, entries] of bySource(unwanted)) {
      await source.skip(entries.map(({ entry }) => entry));
      for (const delivery of entries) this.skipped(delivery);
    }
  }

  /** Begins what there is room for. */
  pump(): void {
    if (this.stopped) return;
    const ready = this.lanes
      .take(this.handler.options.concurrency - this.active + this.settling)
      .filter((delivery) => {
        const waitMs = (delivery.dueAt ?? 0) - Date.now();
        delete delivery.dueAt;
        if (waitMs > 0) this.later(delivery, waitMs);
        return waitMs <= 0;
      });
    if (ready.length === 0) return;
    this.active += ready.length;
    for (const [source, deliveries] of bySource(ready)) {
      // begin.lua looks the batch up in the pending list as one range of ids.
      deliveries.sort((a, b) => compareEventIds(a.entry.position, b.entry.position));
      for (let i = 0; i < deliveries.length; i += MAX_BATCH) {
        void this.begin(source, deliveries.slice(i, i + MAX_BATCH));
      }
    }
  }

  /** Begins nothing more, and hands back what was not begun. */
  async stop(): Promise<void> {
    this.stopped = true;
    for (const timer of this.timers.values()) timer.cancel();
    await this.handBack([...this.timers.keys(), ...this.lanes.drain()]);
  }

  /** Whoever asks first takes them up. The next owner of an ordered group takes all over in any case. */
  private async handBack(deliveries: readonly Delivery[]): Promise<void> {
    if (this.ordered) return;
    for (const [source, entries] of bySource(deliveries)) {
      await source.handBack(entries.map(({ entry }) => entry.id)).catch((error: unknown) => {
        if (!isExpected(error)) this.logger.error(error);
      });
    }
  }

  /** Resolves once no handler runs. */
  idle(): Promise<void> {
    if (this.active === 0) return Promise.resolve();
    return new Promise((resolve) => this.notifyIdle.push(resolve));
  }

  /** How many more entries may be read: while outcomes are being recorded, handlers need not wait for new ones. */
  get room(): number {
    const { concurrency } = this.handler.options;
    const { size } = this.lanes;
    return Math.min(concurrency - (size - this.settling), 2 * concurrency - size);
  }

  private isWanted(delivery: Delivery): boolean {
    const { entry, source } = delivery;
    // Without a type it can't be read: it is begun, and fails for good.
    if (entry.event.type === '') return true;
    if (!this.handler.wants(entry.event.type)) return false;
    if (!this.handler.canHandle) return true;
    let event: RecordedEvent;
    try {
      event = decodeEvent(source.tenantId, entry.runId, entry.event);
    } catch {
      return true;
    }
    const answer = askCanHandle(this.handler, event);
    if (typeof answer === 'boolean') return answer;
    delivery.isUnsure = true;
    return true;
  }

  private async begin(source: GroupSource, deliveries: readonly Delivery[]): Promise<void> {
    for (let busy = this.gate.free(); busy; busy = this.gate.free()) await busy;
    if (this.stopped) {
      this.active -= deliveries.length - 1;
      await this.handBack(deliveries);
      this.leave();
      return;
    }
    const began = await this.tryBegin(source, deliveries, false);
    const suspects: Delivery[] = [];
    for (const [i, delivery] of deliveries.entries()) {
      const beginning = began?.[i];
      if (beginning?.kind === 'run') {
        this.handle(delivery, beginning, () => {
          this.leave();
        });
      } else if (beginning?.kind === 'suspect') suspects.push(delivery);
      else {
        this.notBegun(delivery, beginning);
        this.leave();
      }
    }
    if (suspects.length > 0) await this.beginSuspects(source, suspects);
  }

  /** Never throws. */
  private async beginSuspects(source: GroupSource, suspects: readonly Delivery[]): Promise<void> {
    // A single failure would be the end of one that died beside the culprit.
    const mayRunTogether = this.handler.options.maxAttempts > 1;
    const died = mayRunTogether
      ? await source.diedAsSuspects(suspects.map(({ entry }) => entry.id)).catch(() => undefined)
      : undefined;
    for (const [i, delivery] of suspects.entries()) {
      const work = (): Promise<void> =>
        this.stopped ? this.handBack([delivery]) : this.beginSuspect(source, delivery);
      const done = died?.[i] === false ? this.gate.together(work) : this.gate.alone(work);
      void done.then(() => {
        this.leave();
      });
    }
  }

  /** Never throws. */
  private async beginSuspect(source: GroupSource, delivery: Delivery): Promise<void> {
    const beginning = (await this.tryBegin(source, [delivery], true))?.[0];
    if (beginning?.kind === 'run') {
      await new Promise<void>((resolve) => {
        this.handle(delivery, beginning, resolve);
      });
    } else this.notBegun(delivery, beginning);
  }

  /** Undefined when nothing was begun, for a reason that will pass. */
  private async tryBegin(
    source: GroupSource,
    deliveries: readonly Delivery[],
    alone: boolean,
  ): Promise<Beginning[] | undefined> {
    try {
      const began = await source.begin(deliveries, alone);
      return began === 'paused' ? undefined : began;
    } catch (error) {
      if (error instanceof OwnershipLostError) {
        this.hooks.onOwnershipLost(source);
        return deliveries.map(() => ({ kind: 'lost' }));
      }
      if (!isExpected(error)) this.logger.error(error);
      return undefined;
    }
  }

  /** Entries of ours went to the dead letters while they were claimed. */
  buried(count: number): void {
    if (count > 0) this.telemetry.signals.next({ kind: 'dead', group: this.handler.options.group, count });
  }

  private notBegun(delivery: Delivery, beginning: Beginning | undefined): void {
    switch (beginning?.kind) {
      case 'lost':
        this.finish(delivery, 'skipped');
        return;
      case 'done':
        this.skipped(delivery);
        this.lanes.done(delivery);
        return;
      case 'dead':
        this.buried(1);
        this.finish(delivery, 'failed');
        return;
      default:
        this.later(delivery, AGAIN_MS);
    }
  }

  /** Calls the handler, and has its outcome recorded; `whenOver` is called once it is. */
  private handle(delivery: Delivery, begun: Extract<Beginning, { kind: 'run' }>, whenOver: () => void): void {
    const { group } = this.handler.options;
    const { type } = delivery.entry.event;
    const { token, epoch, fence } = begun;
    const attempt = new Attempt(delivery, begun.attempt, token, epoch, fence, group, this.store);
    this.attempts.add(attempt);
    this.telemetry.signals.next({ kind: 'delivered', group, type, attempt });
    const startedAt = performance.now();
    runAttempt(this.handler, attempt, this.signal, ({ outcome, report, running }) => {
      const durationMs = performance.now() - startedAt;
      // One that still runs after its time limit keeps its place.
      if (!running) {
        this.settling++;
        this.makeRoom();
      }
      this.recorder.record(delivery.source, outcome, (settlement, error) => {
        this.attempts.delete(attempt);
        this.report.outcome(
          attempt,
          settlement,
          durationMs,
          error,
          error === outcome.error ? report : undefined,
        );
        if (!running) {
          this.settling--;
          this.settled(delivery, settlement, outcome.delayMs);
          whenOver();
          return;
        }
        const dueAt = performance.now() + outcome.delayMs;
        void this.report.untilEnded(attempt, running).then(() => {
          this.settled(delivery, settlement, Math.max(0, dueAt - performance.now()));
          whenOver();
        });
      });
    });
  }

  private settled(delivery: Delivery, settlement: Recorded, delayMs: number): void {
    // The run's next events wait for it.
    if (this.ordered && (settlement === 'retry' || settlement === 'failed')) {
      delivery.onSettled?.('failed');
      delete delivery.onSettled;
      this.later(delivery, Math.max(delayMs, settlement === 'failed' ? AGAIN_MS : 0));
      return;
    }
    if (settlement === 'retry') this.hooks.onRetry(delivery.source, delayMs);
    this.finish(delivery, settlement === 'ok' ? 'processed' : 'failed');
  }

  /**
   * Lets go of entries of a source that no handler runs for, those included that wait for another try: they are taken
   * over anew. One that went on waiting would hold up its run, though a replay has made its turn come now.
   */
  forget(source: GroupSource): void {
    for (const [delivery, timer] of this.timers) {
      if (delivery.source !== source) continue;
      timer.cancel();
      this.timers.delete(delivery);
      this.finish(delivery, 'failed');
    }
    this.lanes.drain((delivery) => delivery.source === source);
  }

  private later(delivery: Delivery, ms: number): void {
    if (this.stopped) {
      delivery.onSettled?.('failed');
      return;
    }
    const onDue = (): void => {
      this.timers.delete(delivery);
      this.lanes.again(delivery);
      this.pump();
    };
    this.timers.set(delivery, setLongTimeout(onDue, ms));
  }

  private skipped(delivery: Delivery): void {
    const { group } = this.handler.options;
    this.telemetry.signals.next({ kind: 'skipped', group, type: delivery.entry.event.type });
    delivery.onSettled?.('skipped');
  }

  private finish(delivery: Delivery, how: 'processed' | 'skipped' | 'failed'): void {
    delivery.onSettled?.(how);
    this.lanes.done(delivery);
  }

  private leave(): void {
    this.active--;
    if (this.active === 0) for (const notify of this.notifyIdle.splice(0)) notify();
    this.makeRoom();
  }

  /** Once for all that end in this turn of the event loop: what takes their place is begun, and read, in one batch. */
  private makeRoom(): void {
    if (this.makingRoom) return;
    this.makingRoom = true;
    setImmediate(() => {
      this.makingRoom = false;
      this.pump();
      this.hooks.onRoom();
    });
  }
}

/** An outage is told by the connections; that the group is gone, by the one that makes it again. */
function isExpected(error: unknown): boolean {
  return error instanceof RedisUnavailableError || isNoGroup(error);
}
