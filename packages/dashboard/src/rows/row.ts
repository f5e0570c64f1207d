import type { GapItem, RunEvent, StoryItem } from '@runstream/client';

/** Events that are not there, and never will be: no longer kept, or not received. */
export interface MissingItem extends GapItem {
  from: number;
  to: number;
}

/** Nothing was said for a while. To the story it is like a gap: it parts texts. */
export interface SilenceItem extends GapItem {
  silentMs: number;
  /** What ended it. */
  next: RunEvent;
}

/** A line of a log, or what of it fits into the width. */
export interface LineItem {
  kind: 'line';
  event: RunEvent;
  /** Counts from 0 within the event. */
  line: number;
  /** First and last column, the last one exclusive. */
  from: number;
  to: number;
}

/** Events that are there, but not here: not read yet, or let go to save memory. */
export interface AwayItem {
  kind: 'away';
  from: number;
  to: number;
}

/** What one row of a list shows. */
export type Row = StoryItem | MissingItem | SilenceItem | LineItem | AwayItem;

export const isMissing = (row: Row): row is MissingItem => row.kind === 'gap' && 'from' in row;
export const isSilence = (row: Row): row is SilenceItem => row.kind === 'gap' && 'silentMs' in row;

export function missing(from: number, to: number): MissingItem {
  return { kind: 'gap', gap: gapOf(to - from + 1), from, to };
}

export function silence(silentMs: number, next: RunEvent): SilenceItem {
  return { kind: 'gap', gap: gapOf(0), silentMs, next };
}

const gapOf = (missed: number): GapItem['gap'] => ({
  reason: 'trimmed',
  after_id: null,
  first_available_id: null,
  missed,
});

/** The event that a row begins with; undefined for one that has none. */
export function firstEvent(row: Row): RunEvent | undefined {
  switch (row.kind) {
    case 'event':
    case 'line':
      return row.event;
    case 'text':
      return row.first;
    case 'tool':
      return row.call ?? row.result;
    case 'dispatch':
      return row.dispatch;
    default:
      return undefined;
  }
}

/** By which rows are in order. */
export function sequenceOf(row: Row): number {
  if (row.kind === 'away' || isMissing(row)) return row.from;
  if (isSilence(row)) return row.next.sequence;
  return firstEvent(row)?.sequence ?? Infinity;
}

/** Up to which event it is told by this row. */
export function lastSequenceOf(row: Row): number {
  if (row.kind === 'away' || isMissing(row)) return row.to;
  if (row.kind === 'text') return row.last.sequence;
  if (row.kind === 'tool') return (row.result ?? row.call)?.sequence ?? Infinity;
  if (row.kind === 'dispatch') return (row.started ?? row.dispatch).sequence;
  return sequenceOf(row);
}

/** Whether a row tells of this event. */
export function tells(row: Row, sequence: number): boolean {
  if (row.kind === 'tool') return row.call?.sequence === sequence || row.result?.sequence === sequence;
  if (row.kind === 'dispatch')
    return row.dispatch.sequence === sequence || row.started?.sequence === sequence;
  if (row.kind === 'gap' && !isMissing(row)) return false;
  return sequenceOf(row) <= sequence && sequence <= lastSequenceOf(row);
}
