/**
 * A reader's say in how fast it is served: the route gives its response's, a test a fake one.
 */
export interface Demand {
  /** Whether it takes more at once. */
  ready(): boolean;
  /** Resolves once it takes more again; rejects with the signal's reason when that is aborted. */
  drained(signal: AbortSignal): Promise<void>;
  /**
   * Waits until so many bytes may be read for it. What that gives is called once they were passed on to it.
   *
   * @throws the signal's reason
   */
  room(bytes: number, signal: AbortSignal): Promise<() => void>;
}

/** Takes everything at any time: for readers in this process. */
export const UNLIMITED_DEMAND: Demand = {
  ready: () => true,
  drained: () => Promise.resolve(),
  room: () => Promise.resolve(() => undefined),
};
