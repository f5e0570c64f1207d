/** The places for handlers that run at the same time: a semaphore, first come, first served. */
export class Places {
  private readonly waiting: (() => void)[] = [];
  private isOpen = false;

  constructor(private free: number) {}

  /** Whether a place was free; it is the caller's then. */
  tryTake(): boolean {
    if (this.free <= 0) return false;
    this.free--;
    return true;
  }

  /** Resolves when there is a place for the caller. */
  take(): Promise<void> {
    if (this.isOpen || this.tryTake()) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  giveBack(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.free++;
  }

  /** From here on nobody waits for a place: they are to go. */
  open(): void {
    this.isOpen = true;
    for (const go of this.waiting.splice(0)) go();
  }
}
