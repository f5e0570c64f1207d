import { addToStory, type RunEvent, type StoryItem } from '@runstream/client';
import { SILENCE_MS } from './events.js';
import { lines } from './log-lines.js';
import { type Row, silence } from './row.js';

export type View = 'story' | 'log' | 'all';

/** Adds what an event is to a view, to the rows before it. It came so many milliseconds after the one before. */
export type Tell = (rows: Row[], event: RunEvent, silentMs: number) => void;

/** Texts joined, tools with their results, and where nothing was said. */
export const tellStory: Tell = (rows, event, silentMs) => {
  if (silentMs > SILENCE_MS) rows.push(silence(silentMs, event));
  // Rows of other kinds than the story's are only looked at.
  addToStory(rows as StoryItem[], { kind: 'event', event });
};

export const tellEvent: Tell = (rows, event) => {
  rows.push({ kind: 'event', event });
};

/** @param columns where lines are cut; undefined: nowhere */
export function tellLog(columns: number | undefined): Tell {
  return (rows, event) => {
    if (event.event.category !== 'log') return;
    lines(event).forEach((line, number) => {
      const width = columns ?? Infinity;
      let from = 0;
      do {
        rows.push({ kind: 'line', event, line: number, from, to: from + width });
        from += width;
      } while (from < line.length);
    });
  };
}
