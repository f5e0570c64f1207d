import type { Logger } from '@nestjs/common';
import type { GroupSource } from './group-source.js';
import type { Outcome, Settlement } from './lease.js';
import { Settler } from './settler.js';

/** A settlement that is final. */
export type Recorded = Exclude<Settlement, `refused ${string}`>;

/** Records the outcomes of attempts, those of each source together. */
export class OutcomeRecorder {
  private readonly settlers = new Map<GroupSource, Settler>();

  constructor(
    private readonly logger: Logger,
    private readonly signal: AbortSignal,
  ) {}

  /** Effects that can't be made are the handler's failure, and no trying again will help. */
  record(source: GroupSource, outcome: Outcome, done: (settlement: Recorded, error: string) => void): void {
    let settler = this.settlers.get(source);
    if (!settler) this.settlers.set(source, (settler = new Settler(source, this.logger, this.signal)));
    settler.settle(outcome, (settlement) => {
      if (isRecorded(settlement)) done(settlement, outcome.error);
      else {
        const error = settlement.slice('refused '.length);
        this.record(source, { ...outcome, kind: 'fail', error, effects: [] }, done);
      }
    });
  }
}

function isRecorded(settlement: Settlement): settlement is Recorded {
  return !settlement.startsWith('refused ');
}
