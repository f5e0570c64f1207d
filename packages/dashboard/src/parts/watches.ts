import type { ReadonlySignal } from '@preact/signals';

/** What is drawn or computed is so again when one of these changes, whose value is not needed. */
export function watches(...signals: ReadonlySignal<unknown>[]): void {
  for (const signal of signals) signal.valueOf();
}
