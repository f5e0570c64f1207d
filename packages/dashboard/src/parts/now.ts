import { type ReadonlySignal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

const TICK_MS = 1000;

/** The time, each second while somebody may look at the page. Stands still when it is not needed. */
export function useNow(isNeeded = true): ReadonlySignal<number> {
  const now = useSignal(Date.now());
  useEffect(() => {
    if (!isNeeded) return undefined;
    const tick = (): void => {
      if (!document.hidden) now.value = Date.now();
    };
    tick();
    const timer = setInterval(tick, TICK_MS);
    document.addEventListener('visibilitychange', tick);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', tick);
    };
  }, [isNeeded]);
  return now;
}
