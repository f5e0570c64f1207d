import type { Logger } from '@nestjs/common';
import { pause } from '../../common/index.js';
import type { ConsumerTelemetry } from '../consumer-telemetry.js';
import type { Attempt } from './attempt.js';
import type { RegisteredHandler } from '../handler/registered-handler.js';
import type { Recorded } from './settler.js';

/** What a settlement is called in telemetry. */
const OUTCOME_OF = {
  ok: 'succeeded',
  retry: 'retried',
  limited: 'retried',
  dead: 'dead',
  lost: 'lost',
  released: 'lost',
  failed: 'lost',
} as const;

/** Tells telemetry and the log what became of attempts, and waits for handlers that their time limit did not end. */
export class AttemptReport {
  constructor(
    private readonly handler: RegisteredHandler,
    private readonly telemetry: ConsumerTelemetry,
    private readonly logger: Logger,
    /** Aborted when the process waits for handlers no longer. */
    private readonly signal: AbortSignal,
  ) {}

  /**
   * Each outcome once; what is tried again is for those who look for it.
   *
   * @param stacks of what was thrown; undefined when nothing was
   */
  outcome(
    attempt: Attempt,
    settlement: Recorded,
    durationMs: number,
    error: string,
    stacks: string | undefined,
  ): void {
    const { group } = this.handler.options;
    const { type } = attempt.entry.event;
    const outcome = OUTCOME_OF[settlement];
    this.telemetry.signals.next({ kind: 'settled', group, type, outcome, durationMs, attempt, error });
    const stack = stacks === undefined ? [] : [stacks];
    if (settlement === 'dead') {
      this.logger.error(`${this.handler.name}: ${nameOf(attempt)} is dead-lettered: ${error}`, ...stack);
    } else if (settlement === 'retry') {
      const text = `${this.handler.name}: attempt ${attempt.attempt} of ${nameOf(attempt)} failed: ${error}`;
      this.logger.debug([text, ...stack].join('\n'));
    }
  }

  /** Resolves when the handler has ended, or its grace period has. Never rejects. */
  async untilEnded(attempt: Attempt, running: Promise<void>): Promise<void> {
    const { group, timeoutGraceMs } = this.handler.options;
    const ended = new AbortController();
    const signal = AbortSignal.any([this.signal, ended.signal]);
    const hasEnded = await Promise.race([
      running.then(() => true),
      pause(timeoutGraceMs, signal).then(() => false),
    ]);
    ended.abort();
    if (hasEnded || this.signal.aborted) return;
    const { type } = attempt.entry.event;
    this.telemetry.signals.next({ kind: 'abandoned', group, type, attempt });
    this.logger.warn(
      `${this.handler.name} still runs for ${nameOf(attempt)}, ${timeoutGraceMs} ms after its time limit: it is ` +
        'abandoned, and others run beside it. Make it end when context.signal aborts.',
    );
  }
}

function nameOf({ entry }: Attempt): string {
  return `event ${entry.event.id} of run ${entry.runId}`;
}
