import { checkOptions, oneOf, type OptionRules, refuseWrong, wholeNumber } from '../../common/index.js';
import { GROUP_PATTERN } from '../../event-store/index.js';

/** Longest wait of an ordered group before a retry, in milliseconds: all that comes later in the run waits too. */
export const MAX_ORDERED_DELAY_MS = 3_600_000;
/** Longest wait of other groups before a retry, in milliseconds (365 days). */
export const MAX_DELAY_MS = 365 * 86_400_000;

/** How an event handler consumes. All but `group` has a default; one that is given as undefined counts as not given. @publicApi */
export interface HandlerOptions {
  /** Name of the consumer group: lower-case letters, digits, `_`, `-`. One handler for each group. */
  group: string;
  /** Event types that are handled, exact or as `build.*`. Default: all that are in the journal. */
  types?: readonly string[];
  /** Where the group begins when it is new: with the first event there is, or with what comes after the moment it
   * was first registered. Default `now`. */
  from?: 'start' | 'now';
  /**
   * Most events handled at once in this process; runs at once with `ordering: 'run'`. A handler that is over its
   * `timeoutMs` counts until it has really ended, or its grace period has. Default 100, at most 1000.
   */
  concurrency?: number;
  /** Most entries read at once. Default 100, at most 1000. */
  batchSize?: number;
  /**
   * How long an event belongs to a process that sends no heartbeat, in milliseconds. Default 60 000; at least 100, at
   * most 3 600 000 (an hour).
   */
  leaseMs?: number;
  /** Failures after which an event is dead-lettered. Default 5, at most 1000. */
  maxAttempts?: number;
  /** How long a failed event waits. */
  backoff?: BackoffOptions;
  /** `run`: the events of one run one after the other, in order. `none`: as they come. Default `none`. */
  ordering?: 'none' | 'run';
  /**
   * After so many milliseconds the signal of the handler aborts, and the attempt has failed. Its place stays taken
   * until the handler has really ended, and so does its run with `ordering: 'run'`. Default: never; at most 86 400 000
   * (a day).
   */
  timeoutMs?: number;
  /**
   * Grace period of a handler that goes on after its `timeoutMs`, in milliseconds. Then it is abandoned: its place is
   * free although it may still run, the log says so, and `runstream_consumer_abandoned_total` counts it. Default
   * 60 000; at most 86 400 000 (a day).
   */
  timeoutGraceMs?: number;
  /**
   * Raise it when a deploy changes what the handler wants: of processes with different versions the highest counts as
   * the newest, whichever started first. Default: none, which is below every version; then the one that was started
   * later is the newer one. At least 1, at most 1 000 000 000.
   */
  version?: number;
}

/** How long a failed event waits for its next try. @publicApi */
export interface BackoffOptions {
  /** Wait after the first failure, in milliseconds; it doubles with each. Default 1000; at least 1, at most `maxMs`. */
  initialMs?: number;
  /** Longest wait, in milliseconds. Default 60 000, at most 3 600 000 (an hour). */
  maxMs?: number;
}

/** A handler's options, checked and with their defaults. */
export type ResolvedHandlerOptions = Required<
  Omit<HandlerOptions, 'backoff' | 'timeoutMs' | 'types' | 'version'>
> & {
  types: readonly string[] | undefined;
  backoff: Required<BackoffOptions>;
  timeoutMs: number | undefined;
  version: number | undefined;
};

const DAY_MS = 86_400_000;
const RULES: OptionRules = {
  group: (value) =>
    typeof value === 'string' && GROUP_PATTERN.test(value)
      ? undefined
      : 'is no name for a group: begin with a lower-case letter and go on with at most 62 lower-case letters, digits, "_" or "-"',
  types: (value) => {
    if (!Array.isArray(value) || !value.every((type) => typeof type === 'string')) {
      return 'must be a list of event types';
    }
    return value.length > 0 ? undefined : 'is empty, so no event would ever come: name some, or leave it out';
  },
  from: oneOf('start', 'now'),
  concurrency: wholeNumber(1, 1000),
  batchSize: wholeNumber(1, 1000),
  leaseMs: wholeNumber(100, 3_600_000),
  maxAttempts: wholeNumber(1, 1000),
  backoff: () => undefined,
  ordering: oneOf('none', 'run'),
  timeoutMs: wholeNumber(1, DAY_MS),
  timeoutGraceMs: wholeNumber(1, DAY_MS),
  version: wholeNumber(1, 1_000_000_000),
};
const BACKOFF_RULES: OptionRules = {
  initialMs: wholeNumber(1, MAX_ORDERED_DELAY_MS),
  maxMs: wholeNumber(1, MAX_ORDERED_DELAY_MS),
};

/**
 * @param called whose options they are, for the error
 * @param overrides what counts in place of the handler's own options
 * @throws Error with a sentence for each option that is wrong
 */
export function resolveHandlerOptions(
  called: string,
  options: HandlerOptions,
  overrides: Partial<HandlerOptions> = {},
): ResolvedHandlerOptions {
  const own = checkOptions(options, RULES);
  const over = checkOptions(overrides, RULES);
  const given = { ...own.options, ...over.options };
  const backoff = checkOptions<BackoffOptions>(given.backoff ?? {}, BACKOFF_RULES, 'backoff');
  const { initialMs = 1000, maxMs = Math.max(60_000, initialMs) } = backoff.options;
  const wrong = [...own.wrong, ...over.wrong, ...backoff.wrong];
  if (own.options.group === undefined) wrong.push('Give it a group: the name of its consumer group.');
  if (initialMs > maxMs) wrong.push(`backoff.initialMs must be at most backoff.maxMs, which is ${maxMs}.`);
  refuseWrong(called, wrong);
  return {
    from: 'now',
    concurrency: 100,
    batchSize: 100,
    leaseMs: 60_000,
    maxAttempts: 5,
    ordering: 'none',
    timeoutGraceMs: 60_000,
    ...given,
    types: given.types,
    timeoutMs: given.timeoutMs,
    version: given.version,
    backoff: { initialMs, maxMs },
  };
}

/** How long an event waits after its `failures`-th failure: exponential, with half of it at random. */
export function backoffMs({ initialMs, maxMs }: Required<BackoffOptions>, failures: number): number {
  const full = Math.min(maxMs, initialMs * 2 ** Math.min(Math.max(failures - 1, 0), 30));
  return Math.round(full * (0.5 + Math.random() / 2));
}
