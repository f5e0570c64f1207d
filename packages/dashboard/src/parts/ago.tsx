import type { VNode } from 'preact';
import { now } from '../store/now.js';
import { ahead, distance, duration } from './format.js';

/**
 * How far away a time is, kept up to date; the time itself is in its title. The service's clock and the reader's may differ a little:
 * what is known to be over never says `in`, and what is still to come and late is `due`.
 */
export function Ago({ at, isOver = true }: { at: string | number; isOver?: boolean }): VNode {
  const date = new Date(at);
  const from = now.value;
  const to = date.getTime();
  if (Number.isNaN(to)) return <span>–</span>;
  const text = isOver ? distance(Math.min(to, from), from) : ahead(to, from);
  return (
    <time dateTime={date.toISOString()} title={date.toLocaleString()}>
      {text}
    </time>
  );
}

/** How long ago something was, kept up to date: `12 m 04 s`. */
export function Age({ since }: { since: number }): VNode {
  const from = now.value;
  return <span title={new Date(since).toLocaleString()}>{duration(from - since)}</span>;
}
