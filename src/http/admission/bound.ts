/**
 * Counts what is in use of something that there is a limited amount of, and by whom: nobody may have all of it.
 */
export class Bound {
  private used = 0;
  private readonly byCaller = new Map<string, number>();
  private fullAt: number | undefined;

  /**
   * @param limit how much there is
   * @param share the most that one caller may have
   */
  constructor(
    private readonly limit: number,
    private readonly share: number,
  ) {}

  get inUse(): number {
    return this.used;
  }

  /**
   * For how long, in milliseconds, it has been full by more than one caller; 0 while it is not. It counts as full until
   * a tenth is free again.
   */
  fullFor(now = performance.now()): number {
    return this.fullAt === undefined || this.byCaller.size < 2 ? 0 : now - this.fullAt;
  }

  /** Whether there was so much left, for all and for this caller; it counts until it is given back. */
  take(caller: string, amount = 1): boolean {
    const theirs = this.byCaller.get(caller) ?? 0;
    if (this.used + amount > this.limit) {
      this.fullAt ??= performance.now();
      return false;
    }
    if (theirs + amount > this.share) return false;
    this.change(caller, amount);
    if (this.used >= this.limit) this.fullAt ??= performance.now();
    return true;
  }

  /** Counts what one caller has for another; whether that one may have so much. */
  move(from: string, to: string, amount = 1): boolean {
    if ((this.byCaller.get(to) ?? 0) + amount > this.share) return false;
    this.change(from, -amount);
    this.change(to, amount);
    return true;
  }

  giveBack(caller: string, amount = 1): void {
    this.change(caller, -amount);
    if (this.used <= this.limit * 0.9) this.fullAt = undefined;
  }

  private change(caller: string, amount: number): void {
    this.used += amount;
    const theirs = (this.byCaller.get(caller) ?? 0) + amount;
    if (theirs > 0) this.byCaller.set(caller, theirs);
    else this.byCaller.delete(caller);
  }
}
