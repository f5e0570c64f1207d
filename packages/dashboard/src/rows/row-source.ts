import type { ReadonlySignal } from '@preact/signals';
import type { Row } from './row.js';

/** The rows of a view, as a list shows them. */
export interface RowSource {
  /** Another one when rows have changed. */
  readonly version: ReadonlySignal<number>;
  readonly count: number;
  /** How many rows are before one that stays: see VirtualList. */
  readonly before: number;
  at(index: number): Row | undefined;
  keyOf(index: number): string;
  /** The row that tells of an event; undefined when none does. */
  indexOf(sequence: number): number | undefined;
}
