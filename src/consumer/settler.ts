import type { Logger } from '@nestjs/common';
import { delay, RedisUnavailableError } from '../common/index.js';
import { effectsWeight } from './effects.js';
import { type GroupSource, newBatchId } from './group-source.js';
import type { Outcome, Settlement } from './lease.js';

const MAX_BATCH = 500;
/** Redis serves nobody else while a script runs: with these one takes some 50 ms at most. */
const MAX_BATCH_EVENTS = 1000;
const MAX_BATCH_BYTES = 1024 * 1024;
const RETRY_MS = 200;
const MAX_ERROR_LENGTH = 1000;
/** Wait before an event is tried again whose outcome was refused. */
const REFUSED_RETRY_MS = 1000;

interface Waiting {
  outcome: Outcome;
  done: (settlement: Settlement) => void;
}

/**
 * Records the outcomes of one source, all that are there at a time in one step. During an outage it goes on trying:
 * an answer that was lost is asked for again, under the same name.
 */
export class Settler {
  private waiting: Waiting[] = [];
  private flushing = false;

  constructor(
    private readonly source: GroupSource,
    private readonly logger: Logger,
    private readonly signal: AbortSignal,
  ) {}

  /** Calls `done` with `lost` too when the process must stop before Redis has answered. */
  settle(outcome: Outcome, done: (settlement: Settlement) => void): void {
    this.waiting.push({ outcome, done });
    if (this.flushing) return;
    this.flushing = true;
    // What else is done in this turn of the event loop comes along.
    setImmediate(() => void this.flush());
  }

  private async flush(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, this.nextBatch());
      const settlements = await this.record(batch.map(({ outcome }) => outcome));
      for (const [i, { done }] of batch.entries()) done(settlements[i] ?? 'lost');
    }
    this.flushing = false;
  }

  /** How many of those that wait are recorded together: at least one, whatever its size. */
  private nextBatch(): number {
    const fence = this.waiting[0]?.outcome.fence;
    let events = 0;
    let bytes = 0;
    const until = this.waiting.findIndex(({ outcome }, i) => {
      if (i === MAX_BATCH || outcome.fence !== fence) return true;
      if (outcome.effects.length === 0) return false;
      const weight = effectsWeight(outcome.effects);
      events += weight.events;
      bytes += weight.bytes;
      return i > 0 && (events > MAX_BATCH_EVENTS || bytes > MAX_BATCH_BYTES);
    });
    return until < 0 ? this.waiting.length : until;
  }

  /** What Redis refuses is halved until the outcome is found that it refuses: the others are recorded. */
  private async record(outcomes: Outcome[]): Promise<Settlement[]> {
    try {
      return await this.recordTogether(outcomes);
    } catch (error) {
      const [first] = outcomes;
      if (outcomes.length === 1 && first) return [await this.recordRefused(first, error)];
      const half = Math.ceil(outcomes.length / 2);
      return [...(await this.record(outcomes.slice(0, half))), ...(await this.record(outcomes.slice(half)))];
    }
  }

  /** Its event has failed, and is tried again or dead-lettered. */
  private async recordRefused(outcome: Outcome, error: unknown): Promise<Settlement> {
    const reason = error instanceof Error ? error.message : String(error);
    this.logger.error(`The outcome of event ${outcome.entry.id} can't be recorded: ${reason}`);
    try {
      const [settlement] = await this.recordTogether([
        {
          ...outcome,
          kind: 'retry',
          delayMs: REFUSED_RETRY_MS,
          error: `Its outcome can't be recorded: ${reason}`.slice(0, MAX_ERROR_LENGTH),
          effects: [],
        },
      ]);
      return settlement ?? 'lost';
    } catch (again) {
      this.logger.error(again);
      return 'failed';
    }
  }

  /** @throws what Redis refuses it with */
  private async recordTogether(outcomes: Outcome[]): Promise<Settlement[]> {
    const batchId = newBatchId();
    for (;;) {
      try {
        return await this.source.settle(outcomes, batchId);
      } catch (error) {
        if (!(error instanceof RedisUnavailableError)) throw error;
        try {
          await delay(RETRY_MS, { signal: this.signal });
        } catch {
          return outcomes.map(() => 'lost');
        }
      }
    }
  }
}
