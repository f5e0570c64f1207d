import type { AttemptInfo, ConsumerSignal } from '../consumer/index.js';
import { decodeEvent, type RecordedEvent } from '../events/index.js';

/**
 * `running`: its handler has not returned, or its outcome is not recorded yet. `retried`: it failed and comes again.
 * `dead`: it went to the dead letters. `lost`: another consumer had taken the event over; nothing was recorded.
 * `crashed`: `restart()` came first.
 *
 * @publicApi
 */
export type HandledOutcome = 'running' | 'succeeded' | 'retried' | 'dead' | 'lost' | 'crashed';

/** One call of a handler. @publicApi */
export interface HandledEvent {
  group: string;
  /** Undefined when it can't be decoded. */
  event: RecordedEvent | undefined;
  /** 1 for the first try. A try that crashed counts. */
  attempt: number;
  outcome: HandledOutcome;
  /** Why it was not a success; '' for one that was. */
  error: string;
}

/** Writes down what handlers are given, and what comes of it, over restarts. */
export class ResultRecorder {
  private readonly handled: HandledEvent[] = [];
  private running = new Map<AttemptInfo, HandledEvent>();

  readonly record = (signal: ConsumerSignal): void => {
    if (signal.kind === 'delivered') {
      const { group, attempt } = signal;
      const one: HandledEvent = {
        group,
        event: eventOf(attempt),
        attempt: attempt.attempt,
        outcome: 'running',
        error: '',
      };
      this.handled.push(one);
      this.running.set(attempt, one);
    } else if (signal.kind === 'settled') {
      const one = this.running.get(signal.attempt);
      if (!one) return;
      one.outcome = signal.outcome;
      one.error = signal.error;
      this.running.delete(signal.attempt);
    }
  };

  /** What runs now will never be heard of again. */
  crash(): void {
    for (const one of this.running.values()) one.outcome = 'crashed';
    this.running = new Map();
  }

  get isIdle(): boolean {
    return this.running.size === 0;
  }

  /** In the order in which handlers were called; those of one group, or all. */
  results(group?: string): HandledEvent[] {
    return this.handled
      .filter((one) => group === undefined || one.group === group)
      .map((one) => ({ ...one }));
  }
}

function eventOf({ tenantId, entry }: AttemptInfo): RecordedEvent | undefined {
  try {
    return decodeEvent(tenantId, entry.runId, entry.event);
  } catch {
    return undefined;
  }
}
