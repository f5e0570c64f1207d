import { signal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { ahead, distance, duration } from './format.js';

const now = signal(Date.now());
let readers = 0;
let timer: ReturnType<typeof setInterval> | undefined;

function tick(): void {
  if (!document.hidden) now.value = Date.now();
}

/** The time in ms, told anew each second for as long as somebody reads it: one timer for the whole page. */
export function useNow(): number {
  useEffect(() => {
    if (readers++ === 0) {
      timer = setInterval(tick, 1000);
      document.addEventListener('visibilitychange', tick);
    }
    tick();
    return () => {
      if (--readers > 0) return;
      clearInterval(timer);
      document.removeEventListener('visibilitychange', tick);
    };
  }, []);
  return now.value;
}

/**
 * How far away a time is, kept up to date; the time itself is in its title. The service's clock and the reader's may differ a little:
 * what is known to be over never says `in`, and what is still to come and late is `due`.
 */
export function Ago({ at, isOver = true }: { at: string | number; isOver?: boolean }): VNode {
  const date = new Date(at);
  const from = useNow();
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
  const from = useNow();
  return <span title={new Date(since).toLocaleString()}>{duration(from - since)}</span>;
}
