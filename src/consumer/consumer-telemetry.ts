import { Injectable } from '@nestjs/common';
import { Subject } from 'rxjs';
import type { JournalEntry } from '../event-store/index.js';

/** One handing of an event to its handler. The same object in all signals of it. */
export interface AttemptInfo {
  readonly tenantId: string;
  readonly entry: JournalEntry;
  /** 1 for the first try. */
  readonly attempt: number;
}

/** What happens to events on their way through groups. */
export type ConsumerSignal =
  | { kind: 'delivered'; group: string; type: string; attempt: AttemptInfo }
  | {
      kind: 'settled';
      group: string;
      type: string;
      outcome: 'succeeded' | 'retried' | 'dead' | 'lost';
      durationMs: number;
      attempt: AttemptInfo;
      /** Why it was not a success; '' for one that was. */
      error: string;
    }
  /** Its handler goes on after its time limit and its grace period; nobody waits for it any more. */
  | { kind: 'abandoned'; group: string; type: string; attempt: AttemptInfo }
  | { kind: 'skipped'; group: string; type: string }
  | { kind: 'dead'; group: string; count: number };

/** Tells what consumers do, to metrics and to tests. */
@Injectable()
export class ConsumerTelemetry {
  readonly signals = new Subject<ConsumerSignal>();
}
