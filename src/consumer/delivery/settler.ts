import { randomUUID } from 'node:crypto';
import type { Logger } from '@nestjs/common';
import { delay, RedisUnavailableError } from '../../common/index.js';
import { effectsWeight } from './effects.js';
import { Gathered } from '../flow/gathered.js';
import type { GroupSource } from '../group/group-source.js';
import type { Outcome, Settlement } from './lease.js';

const MAX_BATCH = 500;
/** Redis serves nobody else while a script runs: with these one takes some 50 ms at most. */
const MAX_BATCH_EVENTS = 1000;
const MAX_BATCH_BYTES = 1024 * 1024;
const RETRY_MS = 200;
const MAX_ERROR_LENGTH = 1000;
/** Wait before an event is tried again whose outcome was refused. */
const REFUSED_RETRY_MS = 1000;

/** A settlement that is final. */
export type Recorded = Exclude<Settlement, `refused ${string}` | `limited ${number}`> | 'limited';

/**
 * Records the outcomes of one source, all that are there at a time in one step. During an outage it goes on trying:
 * an answer that was lost is asked for again, under the same name.
 */
export class Settler {
  private readonly outcomes = new Gathered<Outcome, Settlement>(
    (outcomes) => this.record(outcomes),
    (waiting) => sizeOfBatch(waiting),
  );

  constructor(
    private readonly source: GroupSource,
    private readonly logger: Logger,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * `lost` too when the process must stop before Redis has answered. Effects that can't be made are the handler's
   * failure, and no trying again will help. Never rejects.
   */
  async settle(outcome: Outcome): Promise<{ settlement: Recorded; error: string; delayMs: number }> {
    const settlement = await this.outcomes.do(outcome);
    const { error: failure, delayMs } = outcome;
    if (isLimited(settlement)) return { settlement: 'limited', error: '', delayMs: msOf(settlement) };
    if (isRecorded(settlement)) return { settlement, error: failure, delayMs };
    const error = settlement.slice('refused '.length);
    return this.settle({ ...outcome, kind: 'fail', error, effects: [] });
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

/** How many of those that wait are recorded together: at least one, whatever its size. */
function sizeOfBatch(waiting: readonly { readonly item: Outcome }[]): number {
  const first = waiting[0]?.item;
  let events = 0;
  let bytes = 0;
  const until = waiting.findIndex(({ item: { fence, epoch, effects } }, i) => {
    if (i === MAX_BATCH || fence !== first?.fence || epoch !== first.epoch) return true;
    if (effects.length === 0) return false;
    const weight = effectsWeight(effects);
    events += weight.events;
    bytes += weight.bytes;
    return i > 0 && (events > MAX_BATCH_EVENTS || bytes > MAX_BATCH_BYTES);
  });
  return until < 0 ? waiting.length : until;
}

function isLimited(settlement: Settlement): settlement is `limited ${number}` {
  return settlement.startsWith('limited ');
}

function msOf(limited: `limited ${number}`): number {
  return Number(limited.slice('limited '.length));
}

function isRecorded(settlement: Settlement): settlement is Exclude<Recorded, 'limited'> {
  return !settlement.startsWith('refused ');
}

/** A batch's name, under which its answer is remembered. */
export function newBatchId(): string {
  return randomUUID();
}
