import type { Logger } from '@nestjs/common';
import type { EventStore } from '../../event-store/index.js';
import type { Partition } from '../../stream-consumer/index.js';
import { Attempt } from './attempt.js';
import { AttemptReport } from './attempt-report.js';
import { isWanted } from './can-handle.js';
import type { ConsumerTelemetry } from '../consumer-telemetry.js';
import { bySource, type Delivered, type Delivery } from './delivery.js';
import type { GroupSource } from '../group/group-source.js';
import type { HeldBytes } from '../flow/held-bytes.js';
import { InHand } from '../flow/in-hand.js';
import { MAX_WAIT_IN_MEMORY_MS, RunLanes } from '../ordering/run-lanes.js';
import type { Beginning, Begun } from './lease.js';
import { Places } from '../flow/places.js';
import type { Refusals } from './refusals.js';
import type { RegisteredHandler } from '../handler/registered-handler.js';
import { runAttempt } from './run-attempt.js';
import { type Recorded, Settler } from './settler.js';
import { isExpected, Starter } from './starter.js';
import type { SuspectGate } from './suspect-gate.js';
import { Waits } from '../flow/waits.js';

/** Wait before an entry is begun again that could not be begun: Redis away, group paused, event handled elsewhere. */
const AGAIN_MS = 500;

/** What a deliverer needs of the rest of the process. */
export interface DelivererDeps {
  store: EventStore;
  gate: SuspectGate;
  telemetry: ConsumerTelemetry;
  bytes: Pick<HeldBytes, 'add'>;
  refusals: Refusals;
  /** Where more is to be found. */
  finder: {
    /** There is room for more. */
    pump(): void;
    /** Something may be taken from a partition in so many milliseconds. */
    visitIn(partition: Partition, ms: number): void;
  };
  logger: Logger;
  /** Aborted when the process waits no longer for handlers and outcomes. */
  signal: AbortSignal;
}

/** Brings entries that were taken to their outcomes: begins them, calls the handler, and records what came of it. */
export class Deliverer {
  readonly inHand: InHand;
  private readonly ordered: boolean;
  /** Of an ordered group. */
  readonly runs: RunLanes;
  private readonly places: Places;
  private readonly waits = new Waits<Delivery>();
  private readonly starter: Starter;
  private readonly settlers = new WeakMap<GroupSource, Settler>();
  private readonly report: AttemptReport;
  /** Deliveries whose outcome is being recorded. They take no room from others. */
  private settling = 0;
  private makingRoom = false;
  private stopped = false;

  constructor(
    private readonly handler: RegisteredHandler,
    private readonly deps: DelivererDeps,
  ) {
    const { concurrency, ordering } = handler.options;
    this.ordered = ordering === 'run';
    this.inHand = new InHand(deps.bytes);
    this.places = new Places(concurrency);
    this.starter = new Starter(deps.logger, ({ partition }) => {
      if (!this.stopped) deps.finder.visitIn(partition, 0);
    });
    this.runs = new RunLanes(
      { inHand: this.inHand, finder: deps.finder, logger: deps.logger },
      (delivery) => {
        this.leave(delivery);
      },
    );
    this.report = new AttemptReport(handler, deps.telemetry, deps.logger, deps.signal);
  }

  /** How many more entries may be taken: while outcomes are being recorded, handlers need not wait for new ones. */
  get room(): number {
    const { concurrency } = this.handler.options;
    const { size } = this.inHand;
    return Math.min(concurrency - (size - this.settling), 2 * concurrency - size);
  }

  /** Attempts whose handler is running, or whose outcome is being recorded. */
  *attempts(): Generator<Attempt> {
    for (const { attempt } of this.inHand) if (attempt) yield attempt;
  }

  /**
   * Brings entries to their outcomes that belong to this consumer. Those its handler does not want are acknowledged.
   *
   * @param isNext they were parked, and come before those of their runs that still are
   */
  async accept(deliveries: readonly Delivery[], isNext = false): Promise<void> {
    if (this.stopped) return this.handBack(deliveries);
    const unwanted: Delivery[] = [];
    const blocked: Delivery[] = [];
    for (const delivery of deliveries) {
      if (!isWanted(this.handler, delivery)) unwanted.push(delivery);
      else if (!isNext && delivery.source.parking?.has(delivery.entry.runId)) blocked.push(delivery);
      else this.start(delivery);
    }
    for (const [source, entries] of bySource(blocked))
      await source.parking?.park(
        entries.map(({ entry }) => entry),
        entries[0]?.fence ?? '',
      );
    for (const [source, refused] of bySource(unwanted)) await this.refuse(source, refused);
    for (const delivery of blocked) delivery.end('left');
    if (this.ordered) this.runs.parkSlow();
  }

  private async refuse(source: GroupSource, deliveries: readonly Delivery[]): Promise<void> {
    const { dead, skipped } = await this.deps.refusals.refuse(source, deliveries);
    for (const delivery of dead) this.start(delivery);
    for (const delivery of skipped) {
      this.skipped(delivery);
      delivery.end('skipped');
    }
    // What was handed on, or is left to the next owner.
    for (const delivery of deliveries) if (!dead.includes(delivery)) delivery.end('left');
  }

  /** Begins nothing more, and hands back what was not begun. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.runs.stop();
    this.waits.endAll();
    this.places.open();
    await this.handBack([...this.inHand].filter(({ isUnderWay }) => !isUnderWay));
  }

  /** Resolves once no handler runs that runs now. */
  async idle(): Promise<void> {
    await Promise.all([...this.inHand].filter(({ isUnderWay }) => isUnderWay).map(({ done }) => done));
  }

  /** Lets go of entries that no handler runs for: others have them, or they are taken over anew. */
  forget(belongs: (delivery: Delivery) => boolean): void {
    for (const delivery of [...this.inHand]) if (belongs(delivery)) this.leave(delivery);
    this.runs.dropForgotten();
  }

  /** Entries of ours went to the dead letters while they were claimed. */
  buried(count: number): void {
    if (count > 0)
      this.deps.telemetry.signals.next({ kind: 'dead', group: this.handler.options.group, count });
  }

  /** In an ordered group the events of a run wait for each other. */
  private start(delivery: Delivery): void {
    this.inHand.add(delivery);
    if (!this.ordered) void this.deliver(delivery);
    else if (this.runs.push(delivery)) void this.deliverLane(delivery);
  }

  /** Never rejects. */
  private async deliverLane(first: Delivery): Promise<void> {
    let last = first;
    for (let next: Delivery | undefined = first; next; next = this.runs.next(next)) {
      last = next;
      await this.deliver(next);
    }
    const { source, entry } = last;
    if (this.stopped || !source.parking?.has(entry.runId)) return;
    source.parking.release(entry.runId);
    this.deps.finder.visitIn(source.partition, 0);
  }

  /** Never rejects. */
  private async deliver(delivery: Delivery): Promise<void> {
    delivery.firstAt = performance.now();
    let step: Delivered | number = (delivery.dueAt ?? 0) - Date.now();
    while (typeof step === 'number') {
      if (this.ordered && step > MAX_WAIT_IN_MEMORY_MS && !this.isGone(delivery))
        this.runs.parkWhole(delivery, step);
      if (step > 0 && !this.isGone(delivery)) await this.waits.wait(delivery, step);
      if (!this.isGone(delivery)) {
        if (!this.places.tryTake()) {
          await this.places.take();
          // Others may have it by now.
          delivery.begun = undefined;
        }
        // Places that were waited for are none once it stops.
        delivery.hasPlace = !this.stopped;
      }
      step = await this.next(delivery);
      this.inHand.setUnderWay(delivery, false);
      this.leavePlace(delivery);
    }
    this.inHand.delete(delivery);
    delivery.end(step);
    this.makeRoom();
  }

  /** It is begun no more (again), and has no outcome. */
  private leave(delivery: Delivery): void {
    delivery.isForgotten = true;
    this.waits.end(delivery);
    if (delivery.isUnderWay) return;
    this.inHand.delete(delivery);
    delivery.end('left');
  }

  private isGone(delivery: Delivery): boolean {
    return this.stopped || delivery.isForgotten;
  }

  /** Its outcome, or in how many ms it is to be tried again. */
  private async next(delivery: Delivery): Promise<Delivered | number> {
    for (let busy = this.deps.gate.free(); busy; busy = this.deps.gate.free()) {
      await busy;
      delivery.begun = undefined;
    }
    if (this.isGone(delivery)) return 'left';
    this.inHand.setUnderWay(delivery, true);
    const beginning = delivery.begun ?? (await this.starter.begin(delivery));
    delivery.begun = undefined;
    if (beginning?.kind !== 'suspect') return this.proceed(delivery, beginning);
    this.inHand.setUnderWay(delivery, false);
    const alone = async (): Promise<Delivered | number> => {
      if (this.isGone(delivery)) return 'left';
      this.inHand.setUnderWay(delivery, true);
      return this.proceed(delivery, await this.starter.beginAlone(delivery));
    };
    return beginning.isAgain ? this.deps.gate.alone(alone) : this.deps.gate.together(alone);
  }

  private async proceed(delivery: Delivery, beginning: Beginning | undefined): Promise<Delivered | number> {
    switch (beginning?.kind) {
      case 'run':
        return this.handle(delivery, beginning);
      case 'lost':
        return 'skipped';
      case 'done':
        this.skipped(delivery);
        return 'skipped';
      case 'dead':
        this.buried(1);
        return 'failed';
      default:
        return AGAIN_MS;
    }
  }

  /** Calls the handler and records what came of it. */
  private async handle(delivery: Delivery, begun: Begun): Promise<Delivered | number> {
    const { group } = this.handler.options;
    const { type } = delivery.entry.event;
    const attempt = new Attempt(delivery.source, delivery.entry, begun, group, this.deps.store);
    delivery.attempt = attempt;
    this.deps.telemetry.signals.next({ kind: 'delivered', group, type, attempt });
    const { outcome, report, running } = await runAttempt(this.handler, attempt, delivery, this.deps.signal);
    const endedAt = performance.now();
    // One that still runs after its time limit keeps its place.
    if (!running) {
      this.leavePlace(delivery);
      this.settling++;
      this.makeRoom();
    }
    const { settlement, error, delayMs } = await this.settlerOf(delivery.source).settle(outcome);
    if (!running) this.settling--;
    delivery.attempt = undefined;
    const stacks = error === outcome.error ? report : undefined;
    this.report.outcome(attempt, settlement, endedAt - attempt.beganAt, error, stacks);
    if (running) await this.report.untilEnded(attempt, running);
    return this.conclude(delivery, settlement, endedAt + delayMs);
  }

  private conclude(delivery: Delivery, settlement: Recorded, dueAt: number): Delivered | number {
    const waitMs = Math.max(0, dueAt - performance.now());
    const isForLater = settlement === 'retry' || settlement === 'limited';
    if (this.ordered) {
      // The run's next events wait for it.
      if (isForLater) return waitMs;
      if (settlement === 'failed') return AGAIN_MS;
    } else if (isForLater) this.deps.finder.visitIn(delivery.source.partition, waitMs);
    return settlement === 'ok' ? 'processed' : 'failed';
  }

  private settlerOf(source: GroupSource): Settler {
    let settler = this.settlers.get(source);
    if (!settler)
      this.settlers.set(source, (settler = new Settler(source, this.deps.logger, this.deps.signal)));
    return settler;
  }

  /** Whoever asks first takes them up. The next owner of an ordered group takes all over in any case. */
  private async handBack(deliveries: readonly Delivery[]): Promise<void> {
    if (this.ordered) return;
    for (const [source, entries] of bySource(deliveries)) {
      await source.handBack(entries.map(({ entry }) => entry.id)).catch((error: unknown) => {
        if (!isExpected(error)) this.deps.logger.error(error);
      });
    }
  }

  private skipped({ entry }: Delivery): void {
    const { group } = this.handler.options;
    this.deps.telemetry.signals.next({ kind: 'skipped', group, type: entry.event.type });
  }

  private leavePlace(delivery: Delivery): void {
    if (delivery.hasPlace) this.places.giveBack();
    delivery.hasPlace = false;
  }

  /** Once for all that end in this turn of the event loop: what takes their place is taken in one batch. */
  private makeRoom(): void {
    if (this.makingRoom) return;
    this.makingRoom = true;
    setImmediate(() => {
      this.makingRoom = false;
      this.deps.finder.pump();
    });
  }
}
