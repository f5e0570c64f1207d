/** The last event of a run of which somebody was told that it is stored. */
export interface Acknowledged {
  tenantId: string;
  /** The id of the last append's first new event, and how many there were: their sequences count up. */
  first: string;
  count: number;
}

const GENERATION_MS = 60_000;
const MOST_RUNS = 5000;

/**
 * What this process acknowledged in the last minute or two, for at most 10 000 runs: what a server that takes over must
 * have. Raised at every append, so nothing is made where the run is known.
 */
export class AcknowledgedRuns {
  private young = new Map<string, Acknowledged>();
  private old = new Map<string, Acknowledged>();
  private since: number;

  constructor(private readonly now: () => number = () => performance.now()) {
    this.since = now();
  }

  note(tenantId: string, runId: string, first: string, count: number): void {
    if (this.now() - this.since > GENERATION_MS) this.age();
    const known = this.young.get(runId);
    if (known) {
      known.first = first;
      known.count = count;
      return;
    }
    if (this.young.size >= MOST_RUNS) this.age();
    this.young.set(runId, { tenantId, first, count });
  }

  /** By run; nothing that is older than two minutes. */
  all(): Map<string, Acknowledged> {
    if (this.now() - this.since > 2 * GENERATION_MS) return new Map();
    return new Map([...this.old, ...this.young]);
  }

  private age(): void {
    this.old = this.young;
    this.young = new Map();
    this.since = this.now();
  }
}
