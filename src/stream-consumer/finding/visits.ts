import { type LongTimeout, setLongTimeout } from '../../common/index.js';
import type { Partition } from '../buckets.js';
import type { Holdings } from './holdings.js';
import { merge, PartitionQueue, type VisitReason } from './partition-queue.js';
import type { StreamConsumer, Visited } from '../stream-consumer.js';

/** A tenant gets so many places at least while others wait: to visit for fewer costs more than it brings. */
const LEAST_PLACES = 10;
/** How long a few free places wait for more: taking one by one costs many times as much. */
const GATHER_MS = 2;
const AFTER_ERROR_MS = 500;
const MAX_LOOK_MS = 30_000;
/** Partitions of which it is asked at the same time whether they are at rest. */
const AT_ONCE = 100;

/** What is known here of a partition. */
interface PartitionState {
  visitedAt: number;
  isVisiting: boolean;
  /** It is to be visited once more when this visit is over. */
  again?: VisitReason | undefined;
  /** An answer was lost. */
  resync: boolean;
  /** Visits in a row that brought all they had places for. */
  full: number;
  timer?: LongTimeout | undefined;
  timerAt: number;
  nextLookAt: number;
}

/** Visits the partitions in which there may be work, in turn, as places become free. */
export class Visits {
  private readonly queue = new PartitionQueue();
  private readonly states = new Map<Partition, PartitionState>();
  private readonly running = new Set<Promise<void>>();
  /** Places that are given to visits under way. */
  private reserved = 0;
  private gathering: NodeJS.Timeout | undefined;
  private hasGathered = false;
  private isStopped = false;
  /** Visits under way; those that are over, and how many of them brought nothing. */
  readonly counts = { running: 0, visits: 0, empty: 0 };

  constructor(
    private readonly consumer: StreamConsumer,
    private readonly holdings: Holdings,
    private readonly hooks: {
      /** There is more to do than this process can. */
      onOverload(partitions: Iterable<[Partition, VisitReason]>): void;
      onError(error: unknown): void;
    },
  ) {}

  get waiting(): number {
    return this.queue.size;
  }

  /** When it was visited last, by `performance.now()`; undefined when it is not known here. */
  visitedAt(partition: Partition): number | undefined {
    return this.states.get(partition)?.visitedAt;
  }

  /** Those that wait for their first visit. */
  *unheld(): Generator<Partition> {
    for (const [partition] of this.queue) if (!this.holdings.has(partition)) yield partition;
  }

  add(partition: Partition, reason: VisitReason): void {
    if (this.isStopped) return;
    const state = this.states.get(partition);
    if (state?.isVisiting) state.again = state.again ? merge(state.again, reason) : reason;
    else this.queue.add(partition, reason);
    this.pump();
  }

  /** Adds those in which there is something, or may be. Resolves when all were asked about. */
  async addUnlessAtRest(partitions: readonly Partition[], reason: VisitReason): Promise<void> {
    for (let i = 0; i < partitions.length && !this.isStopped; i += AT_ONCE) {
      await Promise.all(
        partitions.slice(i, i + AT_ONCE).map(async (partition) => {
          const askedAt = performance.now();
          const isAtRest = await this.consumer.isAtRest(partition).catch(() => false);
          const state = this.states.get(partition);
          if (!isAtRest) this.add(partition, reason);
          else if (state) state.visitedAt = Math.max(state.visitedAt, askedAt);
        }),
      );
    }
  }

  /** Visits it to take up what is ours there and not in hand. */
  resync(partition: Partition): void {
    if (this.isStopped) return;
    const state = this.stateOf(partition);
    state.resync = true;
    this.add(partition, { scope: 'all', helping: false });
  }

  /** Visits it in so many milliseconds, if it is not visited before. */
  addIn(partition: Partition, ms: number): void {
    if (this.isStopped) return;
    const state = this.stateOf(partition);
    const at = performance.now() + ms;
    if (state.timer && state.timerAt <= at) return;
    state.timer?.cancel();
    state.timerAt = at;
    state.timer = setLongTimeout(() => {
      state.timer = undefined;
      this.add(partition, { scope: performance.now() >= state.nextLookAt ? 'look' : 'all', helping: false });
    }, ms);
  }

  /** Begins what visits there is room for. */
  pump(): void {
    while (!this.isStopped && this.queue.size > 0) {
      const room = this.consumer.room - this.reserved;
      if (room <= 0) {
        // Places that visits under way have asked for are mostly free again in a moment.
        if (this.consumer.room <= 0) this.hooks.onOverload(this.queue);
        return;
      }
      if (this.gathers(room)) return;
      const waiting = this.queue.size;
      const next = this.queue.next((partition) => this.placesFor(partition, room, waiting));
      if (!next) return;
      this.begin(next.partition, next.reason, next.places);
    }
  }

  /** No more visits; resolves when those under way are over. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.queue.clear();
    clearTimeout(this.gathering);
    for (const { timer } of this.states.values()) timer?.cancel();
    await Promise.all(this.running);
  }

  /** Alone, a partition gets all there is; else no more than half of what the consumer can have in hand. */
  private placesFor(partition: Partition, room: number, waiting: number): number {
    const most = Math.min(room, this.consumer.batchSize);
    if (waiting === 1)
      return Math.min(most, Math.max(LEAST_PLACES, Math.ceil(this.consumer.concurrency / 2)));
    const half = Math.ceil(this.consumer.concurrency / 2) - this.consumer.inHand(partition);
    return Math.min(most, half, Math.max(LEAST_PLACES, Math.floor(room / waiting)));
  }

  /** Whether it waits a moment for more places, in which case it pumps again. */
  private gathers(room: number): boolean {
    const { batchSize, concurrency } = this.consumer;
    if (this.hasGathered || room >= Math.min(batchSize, concurrency) / 2) {
      this.hasGathered = false;
      return false;
    }
    this.gathering ??= setTimeout(() => {
      this.gathering = undefined;
      this.hasGathered = true;
      this.pump();
    }, GATHER_MS);
    return true;
  }

  private begin(partition: Partition, reason: VisitReason, places: number): void {
    const state = this.stateOf(partition);
    state.isVisiting = true;
    this.counts.running++;
    this.reserved += places;
    const visit = this.visit(partition, state, reason, places);
    this.running.add(visit);
    void visit.finally(() => this.running.delete(visit));
  }

  /** Never rejects. */
  private async visit(
    partition: Partition,
    state: PartitionState,
    reason: VisitReason,
    places: number,
  ): Promise<void> {
    let visited: Visited | undefined;
    try {
      await this.holdings.hold(partition);
      state.visitedAt = performance.now();
      if (state.nextLookAt === 0) state.nextLookAt = state.visitedAt + this.lookMs;
      const { resync } = state;
      state.resync = false;
      visited = await this.consumer.visit(partition, { places, scope: reason.scope, resync });
    } catch (error) {
      state.resync = true;
      this.hooks.onError(error);
    }
    this.reserved -= places;
    state.isVisiting = false;
    this.counts.running--;
    if (this.isStopped) return;
    if (visited) await this.after(partition, state, reason, visited);
    else {
      state.again = undefined;
      if (reason.scope === 'look') state.nextLookAt = performance.now();
      this.addIn(partition, AFTER_ERROR_MS);
    }
    this.pump();
  }

  private async after(
    partition: Partition,
    state: PartitionState,
    reason: VisitReason,
    visited: Visited,
  ): Promise<void> {
    const { again } = state;
    state.again = undefined;
    this.counts.visits++;
    if (visited.taken === 0) this.counts.empty++;
    state.full = visited.more ? state.full + 1 : 0;
    const isLook = reason.scope === 'look';
    const soon = performance.now() + this.lookMs;
    if (!isLook) state.nextLookAt = Math.min(state.nextLookAt, soon);
    else if (visited.lookInMs === undefined) state.nextLookAt = soon;
    else state.nextLookAt = Math.min(soon, performance.now() + visited.lookInMs);
    const { helping } = reason;
    const more = visited.more && { scope: visited.more, helping };
    const next = more && again ? merge(more, again) : (more ?? again);
    const isAtRest = isLook && visited.isIdle && visited.taken === 0 && !next;
    if (isAtRest && this.consumer.inHand(partition) === 0) {
      if (visited.againInMs === undefined) {
        await this.forget(partition, state);
        return;
      }
      // It stays held, so that others know of it should this process be gone when it is time.
      state.nextLookAt = performance.now() + visited.againInMs;
    }
    const lookInMs = Math.max(0, state.nextLookAt - performance.now());
    this.addIn(partition, Math.min(visited.againInMs ?? lookInMs, lookInMs));
    if (next) this.add(partition, next);
    if (state.full >= 2 && !helping) this.hooks.onOverload([[partition, reason]]);
  }

  private async forget(partition: Partition, state: PartitionState): Promise<void> {
    state.timer?.cancel();
    this.states.delete(partition);
    // If it fails, it is looked after in vain when this process is gone.
    await this.holdings.drop(partition).catch(() => undefined);
  }

  private get lookMs(): number {
    return Math.min(this.consumer.leaseMs, MAX_LOOK_MS);
  }

  private stateOf(partition: Partition): PartitionState {
    let state = this.states.get(partition);
    if (!state) {
      state = { visitedAt: 0, isVisiting: false, resync: false, full: 0, timerAt: 0, nextLookAt: 0 };
      this.states.set(partition, state);
    }
    return state;
  }
}
