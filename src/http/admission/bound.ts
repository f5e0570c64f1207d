/** Counts what is in use of something that there is a limited amount of. */
export class Bound {
  private used = 0;

  constructor(private readonly limit: number) {}

  get inUse(): number {
    return this.used;
  }

  /** Whether there was so much left; it counts until it is given back. */
  take(amount = 1): boolean {
    if (amount > 0 && this.used + amount > this.limit) return false;
    this.used += amount;
    return true;
  }

  giveBack(amount = 1): void {
    this.used -= amount;
  }
}
