import { signal } from '@preact/signals';
import type { RunLog } from '../store/run/run-log.js';
import type { Coverage } from './coverage.js';
import { missing, type Row } from './row.js';
import type { RowSource } from './row-source.js';

interface Part {
  from: number;
  to: number;
  /** The index of its first row. */
  at: number;
  isMissing: boolean;
}

/** All events, a row each, also for those that are not here yet: what is missing is one row. No array is built. */
export class EventRows implements RowSource {
  readonly version = signal(0);
  count = 0;
  before = 0;
  private parts: Part[] = [];
  /** An event that stays, and of which log. */
  private anchor = { sequence: 0, generation: -1 };

  constructor(private readonly log: RunLog) {}

  /** Takes over what has changed. */
  update({ missing, head }: Coverage): void {
    this.parts = [];
    let at = 0;
    let next = 1;
    const part = (from: number, to: number, isMissing: boolean): void => {
      if (to < from) return;
      this.parts.push({ from, to, at, isMissing });
      at += isMissing ? 1 : to - from + 1;
    };
    for (const { from, to } of missing) {
      part(next, from - 1, false);
      part(from, to, true);
      next = to + 1;
    }
    part(next, head, false);
    this.count = at + this.log.provisional.size;
    this.before = this.rowsBeforeAnchor();
    this.version.value = this.version.peek() + 1;
  }

  at(index: number): Row | undefined {
    const part = this.parts.findLast(({ at }) => at <= index);
    if (!part) return this.provisional(index);
    if (part.isMissing && part.at === index) return missing(part.from, part.to);
    const sequence = part.from + index - part.at;
    if (part.isMissing || sequence > part.to) return this.provisional(index);
    const event = this.log.at(sequence);
    return event ? { kind: 'event', event } : { kind: 'away', from: sequence, to: sequence };
  }

  keyOf(index: number): string {
    const row = this.at(index);
    if (row?.kind === 'event') return String(row.event.sequence);
    if (row?.kind === 'provisional') return `p${row.event.idempotency_key}`;
    return row && 'from' in row ? String(row.from) : `i${index}`;
  }

  indexOf(sequence: number): number | undefined {
    const part = this.parts.find(({ from, to }) => from <= sequence && sequence <= to);
    return part && (part.isMissing ? part.at : part.at + sequence - part.from);
  }

  /** Behind the anchor events come and are found missing: that moves nothing that is seen. */
  private rowsBeforeAnchor(): number {
    const { held, generation } = this.log;
    if (this.anchor.generation !== generation && held.last !== undefined)
      this.anchor = { sequence: held.last, generation };
    return this.indexOf(this.anchor.sequence) ?? 0;
  }

  private provisional(index: number): Row | undefined {
    const stored = this.count - this.log.provisional.size;
    const event = [...this.log.provisional.values()][index - stored];
    return event && { kind: 'provisional', event };
  }
}
