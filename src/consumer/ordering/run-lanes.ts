import type { Logger } from '@nestjs/common';
import type { Partition } from '../../stream-consumer/index.js';
import type { Delivery } from '../delivery/delivery.js';
import { isExpected } from '../delivery/starter.js';
import type { InHand } from '../flow/in-hand.js';
import { Lanes } from '../flow/lanes.js';
import type { GroupSource } from '../group/group-source.js';
import { OwnershipLostError } from './ownership.js';

/** An ordered group has no more in memory than this, beside what its handlers are at. */
export const MAX_IN_MEMORY = 5000;
const MAX_BYTES_IN_MEMORY = 8 * 1024 * 1024;
/** Of a run that does not go on. */
const KEPT_IN_MEMORY = 4;
/** A run whose next try is later, or whose first event takes longer, need not wait in memory. */
export const MAX_WAIT_IN_MEMORY_MS = 1000;
const AFTER_ERROR_MS = 500;

export interface RunLanesDeps {
  inHand: InHand;
  finder: { pump(): void; visitIn(partition: Partition, ms: number): void };
  logger: Logger;
}

/** The events of an ordered group that are in memory, a lane for each run, and what is parked of them. */
export class RunLanes {
  private readonly lanes = new Lanes<Delivery>();
  /** Until it is looked again whether there is too much. */
  private full: NodeJS.Timeout | undefined;
  private isStopped = false;

  constructor(
    private readonly deps: RunLanesDeps,
    /** It is not begun (again), and not in memory any more. */
    private readonly leave: (delivery: Delivery) => void,
  ) {}

  get isFull(): boolean {
    const { size, waitingBytes } = this.deps.inHand;
    return size >= MAX_IN_MEMORY || waitingBytes > MAX_BYTES_IN_MEMORY;
  }

  /** Whether something of a run is in memory. */
  has({ stream }: GroupSource, runId: string): boolean {
    return this.lanes.has(laneName(stream, runId));
  }

  /** Puts an event at the end of its run, and tells whether it is the first. */
  push(delivery: Delivery): boolean {
    return this.lanes.push(laneOf(delivery), delivery);
  }

  /** The first event of its run is done: the one that comes next, if it is in memory. */
  next(first: Delivery): Delivery | undefined {
    return this.lanes.next(laneOf(first));
  }

  dropForgotten(): void {
    this.lanes.drop(({ isForgotten }) => isForgotten);
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.full);
  }

  /** Runs that go on make room soon. What waits behind the first few events of one that does not goes out of memory. */
  parkSlow(): void {
    clearTimeout(this.full);
    if (!this.isFull || this.isStopped) return;
    for (const kept of [KEPT_IN_MEMORY, 1]) {
      for (const first of this.lanes.firsts()) {
        if (this.isFull && performance.now() - first.firstAt >= MAX_WAIT_IN_MEMORY_MS)
          this.park(this.lanes.cut(laneOf(first), kept));
      }
    }
    this.full = setTimeout(() => {
      this.parkSlow();
    }, MAX_WAIT_IN_MEMORY_MS).unref();
    if (!this.isFull) this.deps.finder.pump();
  }

  /** A run that waits for its next try. */
  parkWhole(first: Delivery, waitMs: number): void {
    this.park([first, ...this.lanes.cut(laneOf(first), 1)], waitMs);
  }

  private park(deliveries: readonly Delivery[], waitMs?: number): void {
    const [first] = deliveries;
    const parking = first?.source.parking;
    if (!first || !parking) return;
    const { source, fence } = first;
    for (const delivery of deliveries) this.leave(delivery);
    const again = (ms: number): void => {
      this.deps.finder.visitIn(source.partition, ms);
    };
    parking
      .park(
        deliveries.map(({ entry }) => entry),
        fence,
        waitMs,
      )
      .then(
        () => {
          if (waitMs !== undefined) again(waitMs);
        },
        (error: unknown) => {
          // Whether they are parked is not known: all is taken over anew.
          source.takenOver = '';
          again(AFTER_ERROR_MS);
          if (!isExpected(error) && !(error instanceof OwnershipLostError)) this.deps.logger.error(error);
        },
      );
  }
}

function laneOf({ source, entry }: Delivery): string {
  return laneName(source.stream, entry.runId);
}

function laneName(stream: string, runId: string): string {
  return `${stream} ${runId}`;
}
