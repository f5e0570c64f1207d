import { isPassing } from '../errors.js';
import { Retry, sleep } from '../http/retry.js';

/** Of a worker, for all that it serves. */
export interface Asking {
  /** As which it asks. */
  readonly name: string;
  readonly retryMs: number;
  /** Told what a function threw, and what could not be told the service. */
  readonly onError: (error: unknown, where: string) => void;
}

export const WAIT_SECONDS = 20;
const MAX_ITEMS = 100;
/** So that it works again soon after a long outage. */
const MAX_PAUSE_MS = 5000;

/**
 * Makes a call again until it is answered.
 *
 * @throws what the service refuses for good, and what the signal says once it is aborted
 */
export async function patiently<T>(call: () => Promise<T>, retryMs: number, signal: AbortSignal): Promise<T> {
  const retry = new Retry(retryMs);
  for (;;) {
    try {
      return await call();
    } catch (error) {
      signal.throwIfAborted();
      if (!isPassing(error)) throw error;
      await sleep(Math.min(retry.next(error), Math.max(error.retryAfterMs ?? 0, MAX_PAUSE_MS)), signal);
    }
  }
}

/** How much a service takes at once, and who waits for some to become free. */
export class Room {
  private taken = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly size: number) {}

  get isEmpty(): boolean {
    return this.taken === 0;
  }

  /** How many more there is room for, once that is at least `least`. */
  async free(least: number): Promise<number> {
    while (this.size - this.taken < least) await this.change();
    return Math.min(this.size - this.taken, MAX_ITEMS);
  }

  async empty(): Promise<void> {
    while (!this.isEmpty) await this.change();
  }

  take(): void {
    this.taken++;
  }

  give(): void {
    this.taken--;
    for (const wake of this.waiting.splice(0)) wake();
  }

  private change(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}

/**
 * Asks for work, as much as there is room for, until it is stopped.
 *
 * @throws what the service refuses for good
 */
export async function askForWork<T>(
  retryMs: number,
  stopping: AbortSignal,
  room: Room,
  least: number,
  ask: (claimId: string, max: number) => Promise<readonly T[] | undefined>,
  take: (item: T) => void,
): Promise<void> {
  const pause = new Retry(retryMs);
  const stopped = new Promise<undefined>((resolve) => {
    stopping.addEventListener('abort', () => {
      resolve(undefined);
    });
  });
  try {
    while (!stopping.aborted) {
      const max = await Promise.race([room.free(least), stopped]);
      if (max === undefined) return;
      const asked = Date.now();
      // The same one for each try: an answer that was lost is had again.
      const claimId = crypto.randomUUID();
      const items = (await patiently(() => ask(claimId, max), retryMs, stopping)) ?? [];
      for (const item of items) {
        room.take();
        take(item);
      }
      if (items.length > 0 || Date.now() - asked > 1000) pause.succeeded();
      // A service that shuts down answers at once.
      else await sleep(pause.next(), stopping);
    }
  } catch (error) {
    if (!stopping.aborted) throw error;
  }
}
