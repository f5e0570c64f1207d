/** How an event handler consumes. All but `group` has a default. */
export interface HandlerOptions {
  /** Name of the consumer group: lower-case letters, digits, `_`, `-`. One handler for each group. */
  group: string;
  /** Event types that are handled, exact or as `build.*`. Default: all that are in the journal. */
  types?: readonly string[];
  /** Where the group begins when it is new: with the first event there is, or with what comes after the moment it
   * was first registered. Default `now`. */
  from?: 'start' | 'now';
  /** Most events handled at once in this process. Default 100; runs at once with `ordering: 'run'`. */
  concurrency?: number;
  /** Most entries read at once. Default 100. */
  batchSize?: number;
  /** How long a read waits for something new, in milliseconds. Default 5000. */
  blockMs?: number;
  /** How long an event belongs to a process that gives no sign of life, in milliseconds. Default 60 000. */
  leaseMs?: number;
  /** Failures after which an event is dead-lettered. Default 5. */
  maxAttempts?: number;
  /** How long a failed event waits. */
  backoff?: BackoffOptions;
  /** `run`: the events of one run one after the other, in order. `none`: as they come. Default `none`. */
  ordering?: 'none' | 'run';
  /** After so many milliseconds the handler is told to stop, and the event is tried again. Default: never. */
  timeoutMs?: number;
}

export interface BackoffOptions {
  /** Wait after the first failure, in milliseconds; it doubles with each. Default 1000. */
  initialMs?: number;
  /** Longest wait, in milliseconds. Default 60 000. */
  maxMs?: number;
}

export type ResolvedHandlerOptions = Required<Omit<HandlerOptions, 'backoff' | 'timeoutMs' | 'types'>> & {
  types: readonly string[] | undefined;
  backoff: Required<BackoffOptions>;
  timeoutMs: number | undefined;
};

export function resolveHandlerOptions(options: HandlerOptions): ResolvedHandlerOptions {
  return {
    from: 'now',
    concurrency: 100,
    batchSize: 100,
    blockMs: 5000,
    leaseMs: 60_000,
    maxAttempts: 5,
    ordering: 'none',
    ...options,
    types: options.types,
    timeoutMs: options.timeoutMs,
    backoff: { initialMs: 1000, maxMs: 60_000, ...options.backoff },
  };
}

/** How long an event waits after its `failures`-th failure: exponential, with half of it at random. */
export function backoffMs({ initialMs, maxMs }: Required<BackoffOptions>, failures: number): number {
  const full = Math.min(maxMs, initialMs * 2 ** Math.min(Math.max(failures - 1, 0), 30));
  return Math.round(full * (0.5 + Math.random() / 2));
}
