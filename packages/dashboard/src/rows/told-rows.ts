import type { RunEvent } from '@runstream/client';
import { signal } from '@preact/signals';
import type { RunLog } from '../store/run/run-log.js';
import type { Coverage } from './coverage.js';
import { lastSequenceOf, missing, type Row, sequenceOf, tells } from './row.js';
import type { RowSource } from './row-source.js';
import { Slices } from './slices.js';
import type { Tell } from './tell.js';

/** Looking at the clock costs more than an event does. */
const EVENTS_PER_LOOK = 64;
/** As far back as a story joins. */
const ROWS_BACK = 1000;

/** Rows told of the events from one sequence to another. */
interface Telling {
  rows: Row[];
  first: number;
  /** The next event to tell. */
  next: number;
  /** When the one before happened; undefined after a hole. */
  lastMs: number | undefined;
}

/**
 * Rows that are told from events, one after the other: as they come, and again from the beginning when older ones come
 * in front. That is told aside, in slices, while what was told is shown, and only when there are twice as many or all
 * are here: so all tellings together take twice as long as one.
 */
export class ToldRows implements RowSource {
  readonly version = signal(0);
  before = 0;
  private shown: Telling | undefined;
  private again: Telling | undefined;
  private lead: Row[] = [];
  private coverage: Coverage | undefined;
  private generation: number;
  private readonly slices = new Slices((until) => this.work(until));

  /** @param takes which events are told */
  constructor(
    private readonly log: RunLog,
    private readonly tell: Tell,
    private readonly takes: (event: RunEvent) => boolean,
  ) {
    this.generation = log.generation;
  }

  /** Takes over what has changed. */
  update(coverage: Coverage): void {
    this.coverage = coverage;
    this.slices.run();
  }

  close(): void {
    this.slices.close();
  }

  get count(): number {
    return this.lead.length + this.told.length + this.log.provisional.size;
  }

  /** Without what leads and what is provisional. */
  get told(): readonly Row[] {
    return this.shown?.rows ?? [];
  }

  at(index: number): Row | undefined {
    if (index < this.lead.length) return this.lead[index];
    const at = index - this.lead.length;
    if (at < this.told.length) return this.told[at];
    const event = [...this.log.provisional.values()][at - this.told.length];
    return event && { kind: 'provisional', event };
  }

  keyOf(index: number): string {
    const row = this.at(index);
    if (row?.kind === 'provisional') return `p${row.event.idempotency_key}`;
    if (row?.kind === 'line') return `${row.event.sequence}-${row.line}-${row.from}`;
    return row ? `${row.kind === 'gap' ? 'g' : ''}${sequenceOf(row)}` : `i${index}`;
  }

  indexOf(sequence: number): number | undefined {
    const ofLead = this.lead.findIndex((row) => tells(row, sequence));
    if (ofLead >= 0) return ofLead;
    const rows = this.told;
    let [low, high] = [0, rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const row = rows[middle];
      if (row && sequenceOf(row) <= sequence) low = middle + 1;
      else high = middle;
    }
    let found: number | undefined;
    // Of several lines it is the first.
    for (let at = low - 1; at >= 0 && at > low - ROWS_BACK; at--) {
      const row = rows[at];
      if (row && tells(row, sequence)) found = at;
      else if (found !== undefined) break;
    }
    return found === undefined ? undefined : found + this.lead.length;
  }

  private work(until: number): boolean {
    const { log, coverage } = this;
    const { first } = log.held;
    if (log.generation !== this.generation) {
      this.generation = log.generation;
      this.shown = this.again = undefined;
    }
    if (first === undefined || !coverage) {
      this.setLead();
      this.version.value = this.version.peek() + 1;
      return true;
    }
    const from = Math.max(first, log.keptFrom);
    this.shown ??= begin(from);
    let isDone = this.extend(this.shown, until);
    this.letGo(this.shown, from);
    if (!this.again && this.isWorthAgain(this.shown, from)) this.again = begin(from);
    if (isDone && this.again) {
      isDone = this.extend(this.again, until);
      if (isDone) {
        this.swap(this.again);
        this.again = undefined;
        isDone = !this.isWorthAgain(this.shown, from);
      }
    }
    this.setLead();
    this.version.value = this.version.peek() + 1;
    return isDone;
  }

  private isWorthAgain({ first, next }: Telling, from: number): boolean {
    return from < first && (!this.coverage?.unread || next - from >= 2 * (next - first));
  }

  /** @returns whether all is told */
  private extend(telling: Telling, until: number): boolean {
    const { log } = this;
    const last = log.held.last ?? 0;
    for (let count = 1; telling.next <= last; count++) {
      if (count % EVENTS_PER_LOOK === 0 && performance.now() > until) return false;
      const event = log.at(telling.next);
      if (event) {
        if (this.takes(event)) {
          const atMs = Date.parse(event.timestamp);
          this.tell(telling.rows, event, atMs - (telling.lastMs ?? atMs));
          telling.lastMs = atMs;
        }
        telling.next++;
      } else if (log.held.has(telling.next)) telling.next++;
      else {
        const hole = log.held.missing(telling.next, last)[0];
        if (!hole) return true;
        telling.rows.push(missing(hole.from, hole.to));
        telling.lastMs = undefined;
        telling.next = hole.to + 1;
      }
    }
    return true;
  }

  /** What the log has let go goes here too, or a run that never ends would fill the memory. */
  private letGo(telling: Telling, from: number): void {
    if (telling.first >= from) return;
    const keep = telling.rows.findIndex((row) => lastSequenceOf(row) >= from);
    const gone = keep < 0 ? telling.rows.length : keep;
    telling.rows.splice(0, gone);
    telling.first = from;
    this.before -= gone;
  }

  private swap(next: Telling): void {
    const anchor = this.shown?.rows[0];
    const isTold = (row: Row): boolean => anchor !== undefined && sequenceOf(row) >= lastSequenceOf(anchor);
    const at = next.rows.findIndex(isTold);
    this.before += Math.max(0, at);
    this.shown = next;
  }

  /** What is not told of the beginning, and why. */
  private setLead(): void {
    const { first } = this.shown ?? {};
    const lead: Row[] = [];
    const beforeAll = this.coverage?.missing.find(({ from }) => from === 1);
    if (beforeAll) lead.push(missing(beforeAll.from, beforeAll.to));
    const next = beforeAll ? beforeAll.to + 1 : 1;
    const isAway = first === undefined ? (this.coverage?.coming ?? 0) > 0 : next < first;
    if (isAway) lead.push({ kind: 'away', from: next, to: (first ?? (this.coverage?.head ?? 0) + 1) - 1 });
    this.before += lead.length - this.lead.length;
    this.lead = lead;
  }
}

const begin = (from: number): Telling => ({ rows: [], first: from, next: from, lastMs: undefined });
