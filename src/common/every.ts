import { delay } from './timers.js';

/**
 * Repeats `work` until the signal is aborted, with a pause in between. What it throws goes to `onError`: an outage must
 * not end a loop.
 */
export async function every(
  between: number | SharedPause,
  signal: AbortSignal,
  work: () => Promise<void>,
  onError: (error: unknown) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await work();
    } catch (error) {
      if (!signal.aborted) onError(error);
    }
    if (typeof between === 'number') await pause(between, signal);
    else await unlessAborted(between.over(), signal);
  }
}

/** A pause that is over for several loops at the same moment: what they ask then can be asked once. */
export class SharedPause {
  private running: Promise<void> | undefined;

  constructor(private readonly ms: number) {}

  /** Begins it, unless another loop has. */
  over(): Promise<void> {
    this.running ??= delay(this.ms, { ref: false }).finally(() => (this.running = undefined));
    return this.running;
  }
}

/** Waits for `work`, or until the signal is aborted. */
export async function unlessAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<void>((resolve) => {
    onAbort = resolve;
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Waits, or until the signal is aborted. Never rejects. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, { signal }).catch(() => undefined);
}
