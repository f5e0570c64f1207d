import { Injectable } from '@nestjs/common';
import { Subject } from 'rxjs';

/** What happens to events on their way through groups. */
export type ConsumerSignal =
  | { kind: 'delivered'; group: string; type: string }
  | {
      kind: 'settled';
      group: string;
      type: string;
      outcome: 'succeeded' | 'retried' | 'dead' | 'lost';
      durationMs: number;
    }
  | { kind: 'skipped'; group: string; type: string }
  | { kind: 'dead'; group: string; count: number };

/** Tells what consumers do, to metrics and to tests. */
@Injectable()
export class ConsumerTelemetry {
  readonly signals = new Subject<ConsumerSignal>();
}
