import type { ProvisionalEvent, RunEvent } from '@runstream/client';
import { Ranges, type Range } from './ranges.js';
import { shorten } from './shorten.js';
import { sizeOf } from './size-of.js';

const CHUNK = 100;
export const MAX_EVENTS = 200_000;
export const MAX_BYTES = 64 * 2 ** 20;
/** A larger one is kept in short. */
export const MAX_EVENT_BYTES = 128 * 2 ** 10;

interface Chunk {
  events: (RunEvent | undefined)[];
  count: number;
  bytes: number;
}

/**
 * The events of one run, by sequence. It keeps 200 000 events or 64 MiB: of more it lets go those that nobody looks at,
 * and knows how to ask for them again. What was held is counted, not assumed: whatever is missing can be named.
 */
export class RunLog {
  /** All that came, also what was let go. */
  readonly held = new Ranges();
  /** Those of which only the beginnings of values are here. */
  readonly shortened = new Ranges();
  /** Said while the store is away; each goes when its stored event comes. By idempotency key. */
  readonly provisional = new Map<string, ProvisionalEvent>();
  /** The last sequence that the service has named. */
  head = 0;
  /** From here on nothing was let go. */
  keptFrom = 1;
  /** Counts up when all that came before is void. */
  generation = 0;
  private readonly chunks = new Map<number, Chunk>();
  /** Of chunks that were let go: an id to ask from. */
  private readonly letGo = new Map<number, string>();
  private kept = 0;
  private bytes = 0;
  private pinned: Range = { from: 0, to: 0 };

  /** @returns how many of them are new */
  add(events: readonly RunEvent[]): number {
    let added = 0;
    for (const event of events) {
      const { sequence } = event;
      if (this.held.add(sequence)) added++;
      else if (this.at(sequence)) continue;
      this.head = Math.max(this.head, sequence);
      this.keep(event);
      if (event.idempotency_key !== undefined) this.provisional.delete(event.idempotency_key);
    }
    this.bound();
    return added;
  }

  /** Undefined when it is missing, or was let go. */
  at(sequence: number): RunEvent | undefined {
    return this.chunks.get(Math.floor(sequence / CHUNK))?.events[sequence % CHUNK];
  }

  /** What stays, since somebody looks at it. */
  pin(range: Range): void {
    this.pinned = range;
  }

  /** An id at or before which a page has to begin to bring a let-go event back. */
  cursorBefore(sequence: number): string | undefined {
    return this.letGo.get(Math.floor(sequence / CHUNK));
  }

  get missing(): Range[] {
    return this.held.missing(1, this.head);
  }

  clear(): void {
    this.generation++;
    this.held.clear();
    this.shortened.clear();
    this.provisional.clear();
    this.chunks.clear();
    this.letGo.clear();
    this.head = this.kept = this.bytes = 0;
    this.keptFrom = 1;
  }

  private keep(event: RunEvent): void {
    const number = Math.floor(event.sequence / CHUNK);
    let chunk = this.chunks.get(number);
    if (!chunk)
      this.chunks.set(
        number,
        (chunk = { events: new Array<undefined>(CHUNK).fill(undefined), count: 0, bytes: 0 }),
      );
    const isLarge = sizeOf(event) > MAX_EVENT_BYTES;
    const kept = isLarge ? shorten(event) : event;
    if (isLarge) this.shortened.add(event.sequence);
    const bytes = sizeOf(kept);
    chunk.events[event.sequence % CHUNK] = kept;
    chunk.count++;
    chunk.bytes += bytes;
    this.kept++;
    this.bytes += bytes;
  }

  /** Lets the oldest go, but for what is looked at and the newest. */
  private bound(): void {
    while (this.kept > MAX_EVENTS || this.bytes > MAX_BYTES) {
      const number = this.farthest();
      const chunk = number === undefined ? undefined : this.chunks.get(number);
      if (number === undefined || !chunk) return;
      const first = chunk.events.find((event) => event !== undefined);
      if (first && !this.letGo.has(number)) this.letGo.set(number, first.id);
      this.keptFrom = Math.max(this.keptFrom, (number + 1) * CHUNK);
      this.chunks.delete(number);
      this.kept -= chunk.count;
      this.bytes -= chunk.bytes;
    }
  }

  private farthest(): number | undefined {
    const newest = Math.floor(this.head / CHUNK);
    let oldest: number | undefined;
    for (const number of this.chunks.keys()) {
      const isLookedAt = number * CHUNK <= this.pinned.to && (number + 1) * CHUNK > this.pinned.from;
      if (isLookedAt || number === newest) continue;
      if (oldest === undefined || number < oldest) oldest = number;
    }
    return oldest;
  }
}
