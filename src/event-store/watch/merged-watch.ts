import type { Observable, Subscriber } from 'rxjs';
import { BEGINNING, type EventId } from '../../events/index.js';
import type { EncodedEvent } from '../log/encoded-event.js';
import { formatJournalCursor, type JournalCursor, positionIn } from '../log/journal/journal-cursor.js';
import type { Demand } from './demand.js';
import type { LogWatchOptions } from './log-watcher.js';
import { PartWatch } from './part-watch.js';
import type { WatchSignal } from './watch-signal.js';

/** Watches one partition. */
export type WatchPartition = (partition: number, options: LogWatchOptions) => Observable<WatchSignal>;

/**
 * One watcher of a journal that lies in several partitions: a watch of each, under one demand. The events of a run are all
 * in one of them, so their order is exact. Of different partitions what was appended first comes first while any of them
 * is behind; what is new comes as it comes.
 *
 * With one partition it passes on what that brings as it is, shared with all other watchers.
 */
export class MergedWatch {
  private readonly parts: PartWatch[] = [];
  private readonly stop = new AbortController();
  private isWaiting = false;

  constructor(
    private readonly watch: WatchPartition,
    private readonly after: JournalCursor,
    private readonly options: LogWatchOptions & { demand: Demand },
    private readonly out: Subscriber<WatchSignal>,
  ) {}

  /** Watches so many partitions from here on: in new ones its reader stands at the beginning. */
  grow(count: number): void {
    const isFirst = this.parts.length === 0;
    const added = Array.from({ length: count - this.parts.length }, (_, i) =>
      this.add(this.parts.length + i),
    );
    this.parts.push(...added);
    const [first] = this.parts;
    if (isFirst && count > 1 && this.options.announceCursor && first)
      this.out.next({ kind: 'cursor', ...this.standing(first) });
    for (const part of added) this.begin(part, isFirst && count === 1);
  }

  close(): void {
    this.stop.abort();
    for (const { subscription } of this.parts) subscription?.unsubscribe();
  }

  private add(partition: number): PartWatch {
    return new PartWatch(partition, positionIn(this.after, partition), this.options.demand);
  }

  private begin(part: PartWatch, isAlone: boolean): void {
    const { filter, caller, announceCursor } = this.options;
    const options: LogWatchOptions = {
      after: part.position,
      demand: part,
      onLive: (isLive) => {
        part.isLive = isLive;
        if (isLive && this.parts.length > 1) this.merge();
      },
      ...(filter && { filter }),
      ...(caller !== undefined && { caller }),
      ...(isAlone && announceCursor && { announceCursor }),
    };
    part.subscription = this.watch(part.partition, options).subscribe({
      next: (signal) => {
        this.take(part, signal);
      },
      error: (error: unknown) => {
        this.out.error(error);
      },
    });
  }

  private take(part: PartWatch, signal: WatchSignal): void {
    if (this.parts.length === 1) {
      part.position = signal.cursor;
      this.out.next(signal);
    } else if (signal.kind !== 'heartbeat') {
      part.waiting.push(signal);
      this.merge();
    } else {
      // It comes only when nothing waits.
      part.position = signal.cursor;
      if (part.partition === 0) this.out.next({ ...signal, ...this.standing(part) });
    }
  }

  /** Passes on what comes next, for as long as that is known and the reader takes it. */
  private merge(): void {
    while (!this.out.closed) {
      let next: PartWatch | undefined;
      let othersMs = Infinity;
      for (const part of this.parts) {
        // What it has may come before all else.
        if (part.waiting.length === 0 && !part.isLive) return;
        if (next === undefined || part.firstMs < next.firstMs) {
          othersMs = Math.min(othersMs, next?.firstMs ?? Infinity);
          next = part;
        } else othersMs = Math.min(othersMs, part.firstMs);
      }
      if (!next || next.waiting.length === 0) return;
      if (!this.options.demand.ready()) {
        this.waitForReader();
        return;
      }
      this.pass(next, othersMs);
      if (next.waiting.length === 0) next.tellEmptied();
    }
  }

  /** Passes on the first that waits; of events those that come before what the others have. */
  private pass(part: PartWatch, othersMs: number): void {
    const signal = part.waiting.shift();
    if (signal?.kind !== 'events') {
      if (!signal) return;
      part.position = signal.cursor;
      // It is told to forget what it has, and that is of all of them.
      if (signal.kind === 'gap' && signal.reason === 'diverged') this.startOver(part);
      this.out.next({ ...signal, ...this.standing(part) });
      return;
    }
    const { events } = signal;
    const behind = events.findIndex(({ position }) => position.ms > othersMs);
    const count = behind < 0 ? events.length : behind;
    const passed = this.withCursors(part, events.slice(0, count));
    const last = passed.at(-1);
    if (count < events.length) part.waiting.unshift({ ...signal, events: events.slice(count) });
    part.position = count < events.length && last ? last.position : signal.cursor;
    this.out.next({ kind: 'events', events: passed, ...this.standing(part) });
  }

  /** The others begin at their beginning, too. */
  private startOver(diverged: PartWatch): void {
    for (const part of this.parts) {
      if (part === diverged) continue;
      part.subscription?.unsubscribe();
      part.waiting.length = 0;
      part.isLive = false;
      part.position = BEGINNING;
      this.begin(part, false);
    }
  }

  /** Each under the id that is its reader's cursor once it was seen: it says where that stands in all partitions. */
  private withCursors(part: PartWatch, events: readonly EncodedEvent[]): EncodedEvent[] {
    const positions = this.positions();
    return events.map((event) => {
      positions[part.partition] = event.position;
      return { ...event, id: formatJournalCursor(positions) };
    });
  }

  private standing({ partition, position }: PartWatch): Pick<WatchSignal, 'cursor' | 'across'> {
    return { cursor: position, across: { partition, cursor: this.positions() } };
  }

  private positions(): EventId[] {
    return this.parts.map(({ position }) => position);
  }

  private waitForReader(): void {
    if (this.isWaiting) return;
    this.isWaiting = true;
    this.options.demand.drained(this.stop.signal).then(
      () => {
        this.isWaiting = false;
        this.merge();
      },
      () => undefined,
    );
  }
}
