import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { RunExpiredError, RunNotFoundError, setLongTimeout } from '../../common/index.js';
import { type EventId, formatEventId, parseEventId, type RecordedEvent } from '../../events/index.js';
import { AnswerRoom, Draining, lifeOf } from '../../http/index.js';
import { Runstream } from '../../runs/index.js';
import { tenantOf } from '../../tenancy/index.js';

const MAX_EVENTS = 1000;
/** A page ends with the event that reaches it, which may have 1 MiB itself. */
const MAX_BYTES = 1024 * 1024;
const WAIT_MS = 20_000;

export interface StreamPage {
  events: RecordedEvent[];
  next: EventId;
  /** Whether the last of them ended the run. */
  isClosed: boolean;
}

/** Pages of a run's log as one answer each. */
@Injectable()
export class StreamPages {
  constructor(
    private readonly runs: Runstream,
    private readonly room: AnswerRoom,
    private readonly draining: Draining,
  ) {}

  /**
   * The events after a cursor, up to the one that was the last when they were asked for; of many the first. Where there
   * are none it waits for the next one, if asked to: at most twenty seconds, and not through a shutdown.
   *
   * @throws RunExpiredError when the events after the cursor are no longer kept, RunNotFoundError
   */
  async read(
    request: Request,
    runId: string,
    { after, last, waits }: { after: EventId; last: EventId; waits: boolean },
  ): Promise<StreamPage> {
    const page: StreamPage = { events: [], next: after, isClosed: false };
    if (!waits && after.ms === last.ms && after.sequence === last.sequence) return page;
    await this.room.take(request, 2 * MAX_BYTES);
    if (waits) request.place?.becomes('waits');
    const patience = new AbortController();
    const { signal } = patience;
    const over = (): void => patience.abort();
    const timer = waits ? setLongTimeout(over, WAIT_MS) : undefined;
    if (waits) this.draining.signal.addEventListener('abort', over, { signal });
    lifeOf(request).onEnd(over);
    try {
      await this.fill(page, tenantOf(request), runId, last, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      timer?.cancel();
      over();
    }
    return page;
  }

  private async fill(
    page: StreamPage,
    tenantId: string,
    runId: string,
    last: EventId,
    signal: AbortSignal,
  ): Promise<void> {
    let bytes = 0;
    const updates = this.runs.for(tenantId).watch(runId, { after: formatEventId(page.next), signal });
    for await (const update of updates) {
      if (update.kind === 'gap') throw new RunExpiredError();
      if (update.kind === 'deleted') throw new RunNotFoundError();
      page.isClosed = update.kind === 'ended';
      if (update.kind === 'ended') return;
      page.events.push(update.event);
      page.next = parseEventId(update.event.id);
      bytes += JSON.stringify(update.event).length;
      const isFull = page.events.length === MAX_EVENTS || bytes >= MAX_BYTES;
      if (isFull || page.next.sequence >= last.sequence) return;
    }
  }
}
