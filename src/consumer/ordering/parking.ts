import type { JournalEntry, RawEntry } from '../../event-store/index.js';
import { redisCall, type RedisClient } from '../../redis/index.js';
import { toGroupEntry } from '../group/group-entries.js';
import { OwnershipLostError } from './ownership.js';
import { SCRIPTS } from '../scripts.js';

const PAGE = 1000;
/** Entries that are parked in one source, at most: nothing more is taken from it until there are fewer. */
const MAX_PARKED = 100_000;
/** Entries of one run that are taken out at a time. */
const NEXT = 50;
const ID_DIGITS = 16;

/** What was taken out of those parked. */
export interface Unparked {
  runId: string;
  entries: JournalEntry[];
  /** Entries that were dead-lettered, since their bodies are gone. */
  buried: number;
}

/** Where, and for whom, entries are parked. */
export interface ParkingPlace {
  keys: readonly [
    stream: string,
    entries: string,
    delayed: string,
    meta: string,
    dead: string,
    owner: string,
  ];
  parked: string;
  group: string;
  consumer: string;
  redriveArg: number;
}

/**
 * The entries of a source of an ordered group that wait behind others of their run, or for a try that is not soon, and
 * that its owner therefore has in Redis only. While something of a run is parked, what is read of that run is parked
 * too: nothing overtakes.
 */
export class Parking {
  /** Runs of which something is parked. */
  private readonly runs = new Set<string>();
  private size = 0;
  /** Commands that change the number, and have no answer yet. */
  private changing = 0;
  /** Runs of which the next entries may be taken out. */
  private readonly ready = new Set<string>();
  /** When that may be for others, by `performance.now()`. */
  private readonly dueAt = new Map<string, number>();

  constructor(
    private readonly redis: RedisClient,
    private readonly place: ParkingPlace,
  ) {}

  get isFull(): boolean {
    return this.size >= MAX_PARKED;
  }

  /** In how many milliseconds something may be taken out; undefined when nothing waits for a moment. */
  get nextInMs(): number | undefined {
    if (this.ready.size > 0) return 0;
    if (this.dueAt.size === 0) return undefined;
    let first = Infinity;
    for (const dueAt of this.dueAt.values()) first = Math.min(first, dueAt);
    return Math.max(0, first - performance.now());
  }

  /** Whether something of a run is parked. */
  has(runId: string): boolean {
    return this.runs.has(runId);
  }

  /** Nothing of the run is in memory any more. */
  release(runId: string): void {
    if (this.runs.has(runId) && !this.dueAt.has(runId)) this.ready.add(runId);
  }

  /** Whether what is known is what there is: an answer may have been lost, and its command have come late. */
  async isKnown(): Promise<boolean> {
    const { size } = this;
    if (this.changing > 0) return true;
    return (await redisCall(this.redis.zcard(this.place.parked))) === size || this.size !== size;
  }

  /** Learns what an earlier owner has parked. Whatever was known is forgotten. */
  async load(): Promise<void> {
    this.runs.clear();
    this.ready.clear();
    this.dueAt.clear();
    this.size = 0;
    let from = '-';
    for (;;) {
      const page = await redisCall(
        this.redis.zrange(this.place.parked, from, '+', 'BYLEX', 'LIMIT', 0, PAGE),
      );
      for (const member of page) this.runs.add(member.slice(0, member.indexOf(' ')));
      this.size += page.length;
      const last = page.at(-1);
      if (page.length < PAGE || last === undefined) break;
      from = `(${last}`;
    }
    for (const runId of this.runs) this.ready.add(runId);
  }

  /**
   * Parks entries. From the call on, what is read of their runs is to be parked too.
   *
   * @param waitMs for how long nothing of them is to be taken out; undefined when somebody will `release` their runs
   * @throws OwnershipLostError, RedisUnavailableError; what is parked is not known then: see `load`
   */
  async park(entries: readonly JournalEntry[], fence: string, waitMs?: number): Promise<void> {
    for (const { runId } of entries) {
      this.runs.add(runId);
      if (waitMs !== undefined) this.dueAt.set(runId, performance.now() + waitMs);
    }
    const { keys, parked, group } = this.place;
    for (let i = 0; i < entries.length; i += PAGE) {
      const args = entries.slice(i, i + PAGE).flatMap((entry) => [entry.id, memberOf(entry)]);
      const reply = await this.change(
        SCRIPTS.park.run(this.redis, [keys[0], keys[1], parked, keys[5]], [group, fence, ...args]),
      );
      if (reply === 'FENCED') throw new OwnershipLostError();
      this.size = reply as number;
    }
  }

  /**
   * Takes out the next entries of runs that are ready, run by run.
   *
   * @param most runs
   */
  async *next(fence: string, most: number): AsyncGenerator<Unparked> {
    const now = performance.now();
    for (const [runId, dueAt] of this.dueAt) if (dueAt <= now) this.makeReady(runId);
    let left = most;
    for (const runId of this.ready) {
      if (left-- <= 0) return;
      this.ready.delete(runId);
      yield await this.nextOf(runId, fence);
    }
  }

  private async nextOf(runId: string, fence: string): Promise<Unparked> {
    const { keys, parked, group, consumer, redriveArg } = this.place;
    const reply = (await this.change(
      SCRIPTS.unpark.run(this.redis, [...keys, parked], [group, consumer, fence, redriveArg, runId, NEXT]),
    )) as ['FENCED'] | [waitMs: number, buried: number, left: number, isAll: '0' | '1', ...RawEntry[]];
    if (reply[0] === 'FENCED') throw new OwnershipLostError();
    const [waitMs, buried, left, isAll, ...entries] = reply;
    this.size = left;
    if (waitMs > 0) this.dueAt.set(runId, performance.now() + waitMs);
    if (isAll === '1') this.runs.delete(runId);
    return { runId, entries: entries.map(toGroupEntry), buried };
  }

  private makeReady(runId: string): void {
    this.dueAt.delete(runId);
    this.ready.add(runId);
  }

  private async change<T>(command: Promise<T>): Promise<T> {
    this.changing++;
    try {
      return await command;
    } finally {
      this.changing--;
    }
  }
}

/** Members of the same run sort as their entries do. */
function memberOf({ runId, id }: JournalEntry): string {
  const [ms = '', n = ''] = id.split('-');
  return `${runId} ${ms.padStart(ID_DIGITS, '0')}-${n.padStart(ID_DIGITS, '0')}`;
}
