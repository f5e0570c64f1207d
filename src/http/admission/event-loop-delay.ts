const TICK_MS = 100;
/** Of the newest tick: a single long pause is no overload, a few in a row are. */
const WEIGHT = 0.3;

/** How late this process's event loop is: how much longer than it should a timer takes, as a moving average. */
export class EventLoopDelay {
  private average = 0;
  private last = performance.now();
  private readonly timer = setInterval(() => {
    this.tick();
  }, TICK_MS).unref();

  /** In milliseconds. */
  get ms(): number {
    return this.average;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private tick(): void {
    const now = performance.now();
    const late = Math.max(0, now - this.last - TICK_MS);
    this.last = now;
    this.average += WEIGHT * (late - this.average);
  }
}
