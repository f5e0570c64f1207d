import { type LongTimeout, setLongTimeout } from '../../common/index.js';

/** Waits for a while, each of which may be ended early. One abort signal with thousands of listeners would be slow. */
export class Waits<Waiter> {
  private readonly waiting = new Map<Waiter, { timer: LongTimeout; wake: () => void }>();
  private isOver = false;

  /** Resolves after so many milliseconds, or when it is ended. */
  wait(waiter: Waiter, ms: number): Promise<void> {
    if (this.isOver) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        this.waiting.delete(waiter);
        resolve();
      };
      this.waiting.set(waiter, { timer: setLongTimeout(wake, ms), wake });
    });
  }

  /** Ends a wait. */
  end(waiter: Waiter): void {
    const one = this.waiting.get(waiter);
    one?.timer.cancel();
    one?.wake();
  }

  /** Ends all waits, those to come included. */
  endAll(): void {
    this.isOver = true;
    for (const waiter of [...this.waiting.keys()]) this.end(waiter);
  }
}
