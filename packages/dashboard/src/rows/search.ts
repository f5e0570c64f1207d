import type { RunEvent } from '@runstream/client';
import { signal } from '@preact/signals';
import type { Row } from './row.js';
import type { RowSource } from './row-source.js';
import { Slices } from './slices.js';

const ROWS_PER_LOOK = 64;
const MAX_DEPTH = 32;

/** Finds a text in rows, in whatever case: all of them, in slices, again whenever rows have changed. */
export class Search {
  readonly text = signal('');
  /** Indexes of the rows that have it, in order. */
  readonly found = signal<readonly number[]>([]);
  /** Whether all rows were looked at. */
  readonly isDone = signal(true);
  private pattern: RegExp | undefined;
  private source: RowSource | undefined;
  private version = -1;
  private next = 0;
  private hits: number[] = [];
  private readonly slices = new Slices((until) => this.work(until));

  set(text: string): void {
    this.text.value = text;
    this.pattern = text === '' ? undefined : new RegExp(escaped(text), 'iu');
    this.version = -1;
    this.next = 0;
    this.found.value = [];
    if (this.source) this.look(this.source);
  }

  /** Looks through these rows, if they are not those that it has looked through. */
  look(source: RowSource): void {
    if (source !== this.source) this.version = -1;
    this.source = source;
    if (!this.pattern) {
      this.isDone.value = true;
      return;
    }
    this.isDone.value = this.version === source.version.peek();
    this.slices.run();
  }

  close(): void {
    this.slices.close();
  }

  private work(until: number): boolean {
    const { source, pattern } = this;
    if (!source || !pattern) return true;
    // Rows that change meanwhile are looked at once this is through: a live run would begin it again for ever.
    if (this.next === 0) {
      if (this.version === source.version.peek()) return true;
      this.version = source.version.peek();
      this.hits = [];
    }
    for (let count = 1; this.next < source.count; this.next++, count++) {
      if (count % ROWS_PER_LOOK === 0 && performance.now() > until) return false;
      const row = source.at(this.next);
      if (row && hasText(row, pattern)) this.hits.push(this.next);
    }
    this.next = 0;
    this.found.value = this.hits;
    this.isDone.value = this.version === source.version.peek();
    return this.isDone.value;
  }
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

/** A log event of many lines counts once, with its first row. */
export function hasText(row: Row, pattern: RegExp): boolean {
  switch (row.kind) {
    case 'event':
    case 'provisional':
      return eventHasText(row.event, pattern);
    case 'line':
      return row.line === 0 && row.from === 0 && eventHasText(row.event, pattern);
    case 'text':
      return pattern.test(row.text) || eventHasText(row.first, pattern);
    case 'tool':
      return [row.call, row.result].some((event) => event && eventHasText(event, pattern));
    case 'dispatch':
      return [row.dispatch, row.started].some((event) => event && eventHasText(event, pattern));
    default:
      return false;
  }
}

type Searched = Pick<RunEvent, 'event' | 'source' | 'data' | 'metadata' | 'context' | 'idempotency_key'> & {
  id?: string;
};

function eventHasText(searched: Searched, pattern: RegExp): boolean {
  const { event, source, data, metadata, context, id, idempotency_key } = searched;
  // One after the other: a list of them for each of 100 000 events takes as long as the search itself.
  return (
    valueHasText(data, pattern) ||
    valueHasText(source, pattern) ||
    valueHasText(id, pattern) ||
    valueHasText(idempotency_key, pattern) ||
    valueHasText(metadata, pattern) ||
    valueHasText(context, pattern) ||
    pattern.test(`${event.category}.${event.action}`)
  );
}

function valueHasText(value: unknown, pattern: RegExp, depth = 0): boolean {
  if (typeof value === 'string') return pattern.test(value);
  if (typeof value !== 'object' || value === null) return false;
  if (depth > MAX_DEPTH) return pattern.test(JSON.stringify(value));
  for (const name in value)
    if (valueHasText((value as Record<string, unknown>)[name], pattern, depth + 1)) return true;
  return false;
}
