import { randomBytes } from 'node:crypto';
import { FenceLostError, RunEndedError, RunNotFoundError, RunstreamError } from '../../common/index.js';
import type { EventStore } from '../../event-store/index.js';
import type { EventInput, PreparedEvent, RecordedEvent } from '../../events/index.js';
import { retryWhileUnavailable } from './retry-while-unavailable.js';
import { type AbortReason, RunAbortedError } from './run-aborted-error.js';

/** Of the keys of events that have none from the executor. */
const KEY_PREFIX = 'executor:';
const MAX_CHOSEN_KEYS = 10_000;
const MAX_BATCH_EVENTS = 100;
const MAX_BATCH_BYTES = 256 * 1024;

interface WaitingEvent {
  event: PreparedEvent;
  settle(id: string | undefined): void;
  fail(error: unknown): void;
}

/** Which run is written to, and as whom. */
export interface RunWriterTarget {
  tenantId: string;
  runId: string;
  fence: number;
  attempt: number;
}

/**
 * Appends what one executor says to its run: in order, under its fence, whatever waits in one step.
 *
 * Every event has an idempotency key, so that an append whose answer was lost can be repeated. A run that ended, was
 * deleted or was taken over closes the writer, and later events are dropped.
 */
export class RunWriter {
  private readonly waiting: WaitingEvent[] = [];
  private readonly closing = new AbortController();
  /** A producer outside can't guess it, or he could have our events taken for repetitions of his. */
  private readonly keyPrefix: string;
  private readonly chosenKeys = new Set<string>();
  private writing = false;
  private numbered = 0;
  private acceptedCount = 0;
  private droppedCount = 0;

  constructor(
    private readonly store: EventStore,
    private readonly target: RunWriterTarget,
    private readonly onLost: (error: RunAbortedError) => void,
  ) {
    this.keyPrefix = `${KEY_PREFIX}${target.attempt}:${randomBytes(6).toString('hex')}:`;
  }

  /** Events that are stored or wait for it. */
  get accepted(): number {
    return this.acceptedCount;
  }

  /** Events that came when the writer was closed, or were waiting then. */
  get dropped(): number {
    return this.droppedCount;
  }

  /**
   * Resolves with the event's id once it is stored, or with undefined when the writer was closed first.
   *
   * @throws ValidationFailedError, UnknownEventTypeError, EventTooLargeError
   */
  async write(input: EventInput): Promise<string | undefined> {
    const key = input.idempotency_key ?? `${this.keyPrefix}${++this.numbered}`;
    const event = this.store.prepare({ ...input, idempotency_key: key });
    if (this.closing.signal.aborted) {
      this.droppedCount++;
      return undefined;
    }
    this.acceptedCount++;
    if (input.idempotency_key != null) this.remember(key);
    return new Promise((settle, fail) => {
      this.waiting.push({ event, settle, fail });
      if (this.writing) return;
      this.writing = true;
      // What the executor says in the same turn goes into the same append.
      queueMicrotask(() => void this.writeAll());
    });
  }

  /** Whether an executor of the run wrote this event, as far as its key shows. */
  isOwn({ idempotency_key: key }: RecordedEvent): boolean {
    return key.startsWith(KEY_PREFIX) || this.chosenKeys.has(key);
  }

  /** Stores nothing more; whatever waits is dropped. */
  close(): void {
    this.closing.abort();
    this.dropAll();
  }

  private remember(key: string): void {
    this.chosenKeys.add(key);
    if (this.chosenKeys.size <= MAX_CHOSEN_KEYS) return;
    const [oldest] = this.chosenKeys;
    if (oldest !== undefined) this.chosenKeys.delete(oldest);
  }

  /** Never throws: each event's own promise tells. */
  private async writeAll(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, this.batchLength());
      try {
        const ids = await this.append(batch);
        batch.forEach((one, i) => {
          one.settle(ids[i]);
        });
      } catch (error) {
        this.refused(batch, error);
      }
    }
    this.writing = false;
  }

  private async append(batch: readonly WaitingEvent[]): Promise<readonly string[]> {
    const { tenantId, runId, fence } = this.target;
    const events = batch.map((one) => one.event);
    const result = await retryWhileUnavailable(this.closing.signal, () =>
      this.store.appendPrepared(tenantId, runId, events, { fence }),
    );
    return result.ids;
  }

  private batchLength(): number {
    let bytes = 0;
    let length = 0;
    for (const { event } of this.waiting) {
      bytes += Buffer.byteLength(event.body);
      if (length > 0 && (length === MAX_BATCH_EVENTS || bytes > MAX_BATCH_BYTES)) break;
      length++;
    }
    return length;
  }

  private refused(batch: readonly WaitingEvent[], error: unknown): void {
    this.droppedCount += batch.length;
    if (this.closing.signal.aborted) {
      for (const one of batch) one.settle(undefined);
      return;
    }
    const reason = reasonOf(error);
    // Whoever emitted these must not believe them stored when the store itself is at fault.
    const fault = reason === 'failed' ? storeFault(error) : undefined;
    for (const one of batch) {
      if (fault) one.fail(fault);
      else one.settle(undefined);
    }
    this.close();
    this.onLost(new RunAbortedError(reason, error));
  }

  private dropAll(): void {
    for (const one of this.waiting.splice(0)) {
      this.droppedCount++;
      one.settle(undefined);
    }
  }
}

function reasonOf(error: unknown): AbortReason {
  if (error instanceof RunEndedError) return endReason((error.details as { status: string }).status);
  if (error instanceof RunNotFoundError) return 'deleted';
  if (error instanceof FenceLostError) return 'taken_over';
  return 'failed';
}

/** Why an executor stops whose run has this terminal status. */
export function endReason(status: string): AbortReason {
  return status === 'cancelled' ? 'cancelled' : 'ended';
}

function storeFault(cause: unknown): RunstreamError {
  return new RunstreamError(
    'INTERNAL_ERROR',
    "The run's events could not be stored. The service's log says why.",
    { cause },
  );
}
