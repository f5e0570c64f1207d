import type { Latencies } from '../support/latencies.js';

/** What a consuming process did since it was asked last. */
export interface Consumed {
  /** By all its groups together. */
  handled: number;
  /** Of one core. */
  cpuPercent: number;
  /** Looks into a tenant, and those of them that found nothing. */
  visits: number;
  empty: number;
  rssMiB: number;
  /** From the append until the handler was called, of events that say when they were sent. */
  latencies: ReturnType<Latencies['summary']> | undefined;
}
