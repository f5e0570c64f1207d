import type { Partition } from './buckets.js';
import type { Scope } from './finding/partition-queue.js';

/** Consumes streams of many tenants: a WorkFinder tells it where to look. */
export interface StreamConsumer {
  /** Its name in all processes. */
  readonly name: string;
  /** What kind of streams it consumes, as those who write to them call it. */
  readonly topic: string;
  /** After so many milliseconds without a sign of life what a process had in hand is another's to take. */
  readonly leaseMs: number;
  /** Entries that it may have in hand. */
  readonly concurrency: number;
  /** How many more it can take at the moment. */
  readonly room: number;
  /** Most entries that one visit brings. */
  readonly batchSize: number;
  /** Whether the tenant is one of those that it serves. */
  serves(tenantId: string): boolean;
  /** Entries of a partition that it has in hand. */
  inHand(partition: Partition): number;
  /** Whether it alone may take something there, whoever is at home. */
  owns(partition: Partition): boolean;
  /**
   * Whether there is nothing for it in a partition, be it that it has just found its first place there. It is asked
   * before each of very many is visited.
   */
  isAtRest(partition: Partition): Promise<boolean>;
  /**
   * Takes what there is, and does not wait for it to be done.
   *
   * @throws anything: it is visited again a little later, with `resync`
   */
  visit(partition: Partition, terms: VisitTerms): Promise<Visited>;
}

export interface VisitTerms {
  /** Most entries to take. */
  places: number;
  scope: Scope;
  /** An answer was lost, and with it perhaps entries that are ours. */
  resync: boolean;
}

export interface Visited {
  taken: number;
  /** More is there, or may be: how far the next visit has to look for it. */
  more?: Scope | undefined;
  /** When to look here again at the latest, in milliseconds from now. */
  againInMs?: number | undefined;
  /** Of a look: when the next one is needed at the latest, in milliseconds from now. */
  lookInMs?: number | undefined;
  /** Of a look: nothing is pending here, for nobody. With `againInMs`: until then. */
  isIdle?: boolean;
}
