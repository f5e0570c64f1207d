import { Logger } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import {
  FenceLostError,
  OverloadedError,
  RunEndedError,
  RunNotFoundError,
  RunstreamError,
} from '../common/index.js';
import type { EventStore, RunWatcher } from '../event-store/index.js';
import type { EventInput, PreparedEvent, RecordedEvent, TraceContext } from '../events/index.js';
import { activeTrace } from '../tracing/index.js';
import type { OutageBuffer } from './outage-buffer.js';
import { retryWhileUnavailable } from './retry-while-unavailable.js';
import { type AbortReason, RunAbortedError } from '../executors/index.js';

/** Of the keys of events that have none from the executor. */
const KEY_PREFIX = 'executor:';
const MAX_CHOSEN_KEYS = 10_000;
const MAX_BATCH_EVENTS = 100;
const MAX_BATCH_BYTES = 256 * 1024;
/** What an executor that does not await its events may have waiting beyond the buffer for outages. */
const MAX_WAITING_EVENTS = 10_000;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

interface WaitingEvent {
  event: PreparedEvent;
  bytes: number;
  /** Whoever wrote it waits until it is in the log, however long that takes. */
  untilStored: boolean;
  settle(id: string | undefined): void;
  fail(error: unknown): void;
}

/** Which run is written to, and as whom. */
export interface RunWriterTarget {
  tenantId: string;
  runId: string;
  fence: number;
  attempt: number;
  /** That of events which are written outside of any span. */
  trace: TraceContext;
}

/** What a writer works with. */
export interface RunWriterDeps {
  store: EventStore;
  watcher: RunWatcher;
  buffer: OutageBuffer;
}

/**
 * Appends what one executor says to its run: in order, under its fence, whatever waits in one step.
 *
 * Every event has an idempotency key, so that an append whose answer was lost can be repeated. While Redis is away
 * events are held, up to the bounds of the outage buffer, and shown to watchers as provisional. A run that ended, was
 * deleted or was taken over closes the writer, and whatever it holds is dropped.
 */
export class RunWriter {
  private readonly logger = new Logger('Executors');
  private readonly waiting: WaitingEvent[] = [];
  /** Those at the head of the queue that are being appended. */
  private batchEvents = 0;
  /** How many at the head of the queue count in the outage buffer: their executor has gone on. */
  private held = 0;
  private waitingBytes = 0;
  private readonly closing = new AbortController();
  /** A producer outside can't guess it, or he could have our events taken for repetitions of his. */
  private readonly keyPrefix: string;
  private readonly chosenKeys = new Set<string>();
  private writing = false;
  /** The store could not be reached when it was last tried. */
  private isAway = false;
  private numbered = 0;
  private acceptedCount = 0;
  private droppedCount = 0;

  constructor(
    private readonly deps: RunWriterDeps,
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
   * Resolves with the event's id once it is stored; with undefined when it is held since Redis is away, unless
   * `untilStored`, or when the writer was closed first.
   *
   * @throws ValidationFailedError, UnknownEventTypeError, EventTooLargeError, OverloadedError
   */
  async write(input: EventInput, { untilStored = false } = {}): Promise<string | undefined> {
    const key = input.idempotency_key ?? `${this.keyPrefix}${++this.numbered}`;
    const event = this.deps.store.prepare(
      { ...input, idempotency_key: key },
      '',
      activeTrace() ?? this.target.trace,
    );
    const bytes = Buffer.byteLength(event.body);
    if (this.closing.signal.aborted) {
      this.droppedCount++;
      return undefined;
    }
    this.assertRoom(bytes);
    this.acceptedCount++;
    if (input.idempotency_key != null) this.remember(key);
    return new Promise((settle, fail) => {
      this.waiting.push({ event, bytes, untilStored, settle, fail });
      this.waitingBytes += bytes;
      if (this.isAway) this.hold();
      if (this.writing) return;
      this.writing = true;
      // What the executor says in the same turn goes into the same append.
      queueMicrotask(() => void this.writeAll());
    });
  }

  /** Whether an executor of the run wrote this event, as far as its key shows. */
  isOwn({ idempotency_key: key }: RecordedEvent): boolean {
    return key !== undefined && (key.startsWith(KEY_PREFIX) || this.chosenKeys.has(key));
  }

  /** Stores nothing more; whatever waits is dropped. */
  close(): void {
    if (this.closing.signal.aborted) return;
    this.closing.abort();
    this.drop(this.waiting.length);
  }

  private assertRoom(bytes: number): void {
    const isFull = this.waiting.length >= MAX_WAITING_EVENTS || this.waitingBytes + bytes > MAX_WAITING_BYTES;
    if (isFull) {
      throw new OverloadedError(
        `${this.waiting.length} events of this run wait to be stored already: await what emit() returns.`,
      );
    }
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
      this.batchEvents = this.batchLength();
      try {
        const ids = await this.append();
        this.isAway = false;
        for (const id of ids) this.shift(true)?.settle(id);
      } catch (error) {
        if (!this.closing.signal.aborted) this.refused(error);
      }
    }
    this.writing = false;
  }

  /** Appends the batch at the head of the queue. */
  private async append(): Promise<readonly string[]> {
    const { tenantId, runId, fence } = this.target;
    const result = await retryWhileUnavailable(
      this.closing.signal,
      () => {
        const events = this.waiting.slice(0, this.batchEvents).map(({ event }) => event);
        return this.deps.store.appendPrepared(tenantId, runId, events, { fence });
      },
      () => {
        this.isAway = true;
        this.hold();
      },
    );
    return result.ids;
  }

  /** Lets the executor go on with as many of the waiting events as there is room for, in order. */
  private hold(): void {
    const shown: PreparedEvent[] = [];
    for (let one = this.waiting[this.held]; one; one = this.waiting[this.held]) {
      if (one.untilStored || !this.deps.buffer.take(one.bytes)) break;
      this.held++;
      // When it was said, and not when Redis was back.
      one.event = { ...one.event, timestamp: one.event.timestamp ?? new Date().toISOString() };
      shown.push(one.event);
      one.settle(undefined);
    }
    if (shown.length > 0) this.deps.watcher.showProvisional(this.target.tenantId, this.target.runId, shown);
  }

  private batchLength(): number {
    let bytes = 0;
    let length = 0;
    for (const one of this.waiting) {
      bytes += one.bytes;
      if (length > 0 && (length === MAX_BATCH_EVENTS || bytes > MAX_BATCH_BYTES)) break;
      length++;
    }
    return length;
  }

  private shift(wasStored: boolean): WaitingEvent | undefined {
    const one = this.waiting.shift();
    if (!one) return undefined;
    this.waitingBytes -= one.bytes;
    if (this.held > 0) {
      this.held--;
      this.deps.buffer.giveBack(one.bytes, wasStored);
    }
    return one;
  }

  private refused(error: unknown): void {
    const reason = reasonOf(error);
    // Whoever emitted these must not believe them stored when the store itself is at fault.
    this.drop(this.batchEvents, reason === 'failed' ? storeFault(error) : undefined);
    this.close();
    this.onLost(new RunAbortedError(reason, error));
  }

  private drop(count: number, fault?: RunstreamError): void {
    const held = Math.min(this.held, count);
    for (let i = 0; i < count; i++) {
      const one = this.shift(false);
      if (!one) break;
      this.droppedCount++;
      if (fault) one.fail(fault);
      else one.settle(undefined);
    }
    if (held > 0) {
      this.logger.warn(
        `Run ${this.target.runId}: ${held} events that its executor said while Redis was away are discarded.`,
      );
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
