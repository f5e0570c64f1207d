import type { Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { RedisUnavailableError } from '../common/index.js';
import { type GroupSource, newBatchId } from './group-source.js';
import type { Outcome, Settlement } from './lease.js';

const MAX_BATCH = 500;
const RETRY_MS = 200;

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
      const fence = this.waiting[0]?.outcome.fence;
      const until = this.waiting.findIndex((one, i) => i === MAX_BATCH || one.outcome.fence !== fence);
      const batch = this.waiting.splice(0, until < 0 ? this.waiting.length : until);
      const settlements = await this.record(batch.map(({ outcome }) => outcome));
      for (const [i, { done }] of batch.entries()) done(settlements[i] ?? 'lost');
    }
    this.flushing = false;
  }

  private async record(outcomes: Outcome[]): Promise<Settlement[]> {
    const batchId = newBatchId();
    for (;;) {
      try {
        return await this.source.settle(outcomes, batchId);
      } catch (error) {
        if (!(error instanceof RedisUnavailableError)) {
          this.logger.error(error);
          return outcomes.map(() => 'failed');
        }
        try {
          await delay(RETRY_MS, undefined, { signal: this.signal });
        } catch {
          return outcomes.map(() => 'lost');
        }
      }
    }
  }
}
