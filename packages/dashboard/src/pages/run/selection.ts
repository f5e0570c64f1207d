import { watches } from '../../parts/watches.js';
import { computed, signal } from '@preact/signals';
import { isError } from '../../rows/events.js';
import { firstEvent, isMissing, type Row, sequenceOf } from '../../rows/row.js';
import { note, place } from '../../service/router.js';
import type { RunModel } from './run-model.js';

/** Rows that a list draws beyond what is seen. */
const AROUND = 12;

/** Which event is selected (the address says so), and where the list stands. */
export class Selection {
  readonly isFollowing = signal(!place.peek().query.has('e'));
  readonly sequence = computed(() => {
    const number = Number(place.value.query.get('e'));
    return Number.isSafeInteger(number) && number > 0 ? number : undefined;
  });
  /** See VirtualList. */
  readonly jump = signal<{ index: number } | undefined>(undefined);
  /** The first and the last row that are drawn. */
  readonly seen = { first: 0, last: 0 };
  readonly nth = computed(() => {
    const index = this.index();
    return index === undefined ? 0 : this.model.search.found.value.indexOf(index) + 1;
  });
  private chosen: number | undefined;
  private wanted: number | undefined;

  constructor(private readonly model: RunModel) {}

  /** The row of the selected event; undefined when no row tells of it. */
  index(): number | undefined {
    const rows = this.model.rows.value;
    watches(rows.version);
    return this.sequence.value === undefined ? undefined : rows.indexOf(this.sequence.value);
  }

  select(index: number): void {
    const row = this.model.rows.peek().at(index);
    if (!row || !isSelectable(row)) return;
    this.isFollowing.value = false;
    this.chosen = sequenceOf(row);
    note({ e: this.chosen });
    if (index < this.seen.first + AROUND || index > this.seen.last - AROUND) this.jump.value = { index };
  }

  /** Selects an event, whether a row tells of it or not, and shows it. */
  goTo(sequence: number): void {
    this.isFollowing.value = false;
    this.chosen = this.wanted = sequence;
    note({ e: sequence });
    this.arrive();
  }

  clear(): void {
    note({ e: undefined });
  }

  toEnd(): void {
    this.isFollowing.value = true;
  }

  /** Shows the event of an address that somebody else has written, once there is a row of it. */
  follow(written: string | null): void {
    const sequence = this.sequence.peek();
    if (written === null || sequence === undefined || sequence === this.chosen) return;
    this.isFollowing.value = false;
    this.wanted = sequence;
    this.arrive();
  }

  /** What is selected stays in sight when the view is another one. */
  stay(): void {
    if (this.isFollowing.peek()) return;
    this.wanted = this.sequence.peek();
    this.arrive();
  }

  /** When rows have changed. */
  arrive(): void {
    if (this.wanted === undefined) return;
    const index = this.model.rows.peek().indexOf(this.wanted);
    if (index === undefined || this.model.rows.peek().at(index)?.kind === 'away') return;
    this.wanted = undefined;
    this.jump.value = { index };
  }

  move(by: 1 | -1): void {
    this.find(by, isSelectable);
  }

  /** Also to where events are missing: that is as bad. */
  moveToError(by: 1 | -1): void {
    this.find(by, (row) => {
      if (isMissing(row)) return true;
      if (row.kind === 'tool') return row.result !== undefined && isError(row.result);
      const event = firstEvent(row);
      return event !== undefined && isError(event);
    });
  }

  moveToFound(by: 1 | -1): void {
    const found = this.model.search.found.value;
    if (found.length === 0) return;
    const index = this.index() ?? (by > 0 ? -1 : Infinity);
    const next = by > 0 ? found.find((one) => one > index) : found.findLast((one) => one < index);
    // From the last to the first, and back.
    this.select(next ?? (by > 0 ? found[0] : found.at(-1)) ?? 0);
  }

  private find(by: 1 | -1, is: (row: Row) => boolean): void {
    const rows = this.model.rows.peek();
    const from = this.index() ?? this.start(by);
    for (let index = from + by; index >= 0 && index < rows.count; index += by) {
      const row = rows.at(index);
      if (row && is(row)) return this.select(index);
    }
  }

  /** Without a selection it begins with what is seen. */
  private start(by: 1 | -1): number {
    if (this.isFollowing.peek()) return this.model.rows.peek().count + (by > 0 ? -2 : 0);
    return by > 0 ? this.seen.first + AROUND - 2 : this.seen.last - AROUND;
  }
}

function isSelectable(row: Row): boolean {
  return firstEvent(row) !== undefined || isMissing(row) || (row.kind === 'away' && row.from === row.to);
}
