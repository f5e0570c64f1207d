import { Inject, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import type { Readable } from 'node:stream';
import { parseJson, RedisUnavailableError, RunstreamError, TenantLimitError } from '../../common/index.js';
import { type AppendOptions, EventStore } from '../../event-store/index.js';
import { MAX_DATA_BYTES, type PreparedEvent, type TraceContext } from '../../events/index.js';
import { type Line, LineError, readLines } from '../../http/index.js';
import { leaseLost } from '../workers/lease-holder.js';
import { RUNS_DEFAULTS, RUNS_OPTIONS, type RunsOptions } from '../runs-options.js';

/** What one append may hold, so that it holds up Redis for a few milliseconds at most. */
const MAX_BATCH_EVENTS = 100;
const MAX_BATCH_BYTES = 256 * 1024;
/** Data and metadata at their limits, escaped, and the rest of an event. */
const MAX_LINE_BYTES = 4 * MAX_DATA_BYTES;

/** `expectedSequence` holds for the first batch only. */
export interface IntakeOptions extends AppendOptions {
  /** That of events which name none themselves. */
  trace?: TraceContext | undefined;
}

export interface IntakeResult {
  count: number;
  duplicates: number;
  lastId: string | undefined;
}

/** An upload that stopped at a line: what came before it is stored, nothing after it. */
class StoppedAtLineError extends RunstreamError {
  constructor(error: RunstreamError, line: number, stored: IntakeResult) {
    super(error.code, error.message, {
      details: {
        line,
        count: stored.count,
        duplicates: stored.duplicates,
        last_id: stored.lastId ?? null,
        ...(error.details === undefined ? {} : { cause: error.details }),
      },
      more: error.more,
      ...(error.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: error.retryAfterSeconds }),
      cause: error,
    });
  }
}

/**
 * Takes up NDJSON as it arrives: one event a line, any number of them. While a batch is stored the next one is made
 * ready, and no more than that is read, so that a fast producer is slowed down and not buffered.
 */
@Injectable()
export class NdjsonIntake {
  private readonly uploadIdleMs: number;

  constructor(
    private readonly store: EventStore,
    @Inject(RUNS_OPTIONS) options: RunsOptions,
  ) {
    this.uploadIdleMs = options.uploadIdleMs ?? RUNS_DEFAULTS.uploadIdleMs;
  }

  /**
   * @param body the bytes of the request
   * @param signal stops it before the next batch; its reason, a RunstreamError, is what is answered
   * @throws the error of the first line that can't be stored, with `{line, count, duplicates, last_id}` as details;
   *   RequestCutError when the request ends in the middle
   */
  async take(
    tenantId: string,
    runId: string,
    request: Request,
    body: Readable & { readonly complete?: boolean },
    options: IntakeOptions,
    signal: AbortSignal,
  ): Promise<IntakeResult> {
    const stored: IntakeResult = { count: 0, duplicates: 0, lastId: undefined };
    let next = options;
    let storing = Promise.resolve();
    let line = 0;
    try {
      for await (const lines of readLines(body, {
        maxLineBytes: MAX_LINE_BYTES,
        idleTimeoutMs: this.uploadIdleMs,
        signal,
        ...(request.place && { hold: request.place.hold }),
      })) {
        line = lines.at(-1)?.number ?? line;
        for (const batch of this.batches(lines, options.trace)) {
          await storing;
          if (signal.aborted)
            throw new StoppedAtLineError(signal.reason as RunstreamError, batch.lines[0] ?? 1, stored);
          storing = this.append(tenantId, runId, batch, next, stored);
          storing.catch(() => undefined); // it is awaited before anything else is stored, or answered
          if (batch.events.length > 0) next = { ...options, expectedSequence: undefined };
          if (batch.failure) {
            await storing;
            throw new StoppedAtLineError(batch.failure.error, batch.failure.line, stored);
          }
        }
        // The next lines may take their time; a refusal does not wait for them.
        if (body.readableLength === 0) await storing;
      }
      await storing;
    } catch (error) {
      // What went wrong in an earlier line comes first.
      await storing;
      if (error === signal.reason) throw new StoppedAtLineError(error as RunstreamError, line + 1, stored);
      throw error instanceof LineError ? new StoppedAtLineError(error, error.line, stored) : error;
    }
    return stored;
  }

  private async append(
    tenantId: string,
    runId: string,
    { events, lines }: Batch,
    options: AppendOptions,
    stored: IntakeResult,
  ): Promise<void> {
    if (events.length === 0) return;
    try {
      const result = await this.store.appendPrepared(tenantId, runId, events, options).catch(leaseLost);
      stored.count += result.count;
      stored.duplicates += result.duplicates;
      stored.lastId = result.ids.at(-1);
    } catch (error) {
      if (!(error instanceof RunstreamError)) throw error;
      // These are about no line in particular.
      const isOfAll = error instanceof RedisUnavailableError || error instanceof TenantLimitError;
      if (events.length === 1 || isOfAll) {
        throw new StoppedAtLineError(error, lines[0] ?? 0, stored);
      }
      // A batch is refused as a whole, an upload only from one line on: this finds the line.
      for (const [i, event] of events.entries()) {
        const single = { events: [event], lines: [lines[i] ?? 0] };
        await this.append(
          tenantId,
          runId,
          single,
          i === 0 ? options : { ...options, expectedSequence: undefined },
          stored,
        );
      }
    }
  }

  /**
   * Cuts what has arrived into batches; one ends at a bad line, and after an event that
   * ends the run, since nothing may follow it.
   */
  private *batches(lines: readonly Line[], trace: TraceContext | undefined): Generator<Batch> {
    let batch = newBatch();
    let bytes = 0;
    for (const line of lines) {
      let event: PreparedEvent;
      try {
        event = this.store.prepare(parseJson(line.text), '', trace);
      } catch (error) {
        if (!(error instanceof RunstreamError)) throw error;
        yield { ...batch, failure: { error, line: line.number } };
        return;
      }
      const isFull = batch.events.length === MAX_BATCH_EVENTS || bytes + line.byteLength > MAX_BATCH_BYTES;
      if (batch.events.length > 0 && isFull) {
        yield batch;
        batch = newBatch();
        bytes = 0;
      }
      batch.events.push(event);
      batch.lines.push(line.number);
      bytes += line.byteLength;
      if (event.patch && event.patch.status !== 'running') {
        yield batch;
        batch = newBatch();
        bytes = 0;
      }
    }
    yield batch;
  }
}

interface Batch {
  events: PreparedEvent[];
  /** The number of each event's line. */
  lines: number[];
  /** The line behind the batch that can't be stored. */
  failure?: { error: RunstreamError; line: number };
}

function newBatch(): Batch {
  return { events: [], lines: [] };
}
