const WINDOW_MS = 60_000;
/** Over less, one burst would be a trend. */
const LEAST_MS = 9_000;

/** How lags have changed while somebody looked: at most a minute of each, some twenty numbers. */
export class Trends {
  private readonly seen = new Map<string, { at: number; lag: number }[]>();

  note(groups: readonly { group: string; lag: number }[], at: number): void {
    for (const name of this.seen.keys())
      if (!groups.some(({ group }) => group === name)) this.seen.delete(name);
    for (const { group, lag } of groups) {
      const before = this.seen.get(group) ?? [];
      // After a pause nobody knows what was between.
      const kept = before.filter((one) => at - one.at <= WINDOW_MS);
      this.seen.set(group, [...kept, { at, lag }]);
    }
  }

  /** Events per second by which the lag grows; undefined while too little was seen. */
  growth(group: string): number | undefined {
    const seen = this.seen.get(group) ?? [];
    const [first, last] = [seen[0], seen.at(-1)];
    if (!first || !last || last.at - first.at < LEAST_MS) return undefined;
    return ((last.lag - first.lag) * 1000) / (last.at - first.at);
  }
}
