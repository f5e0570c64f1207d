import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { fromEvent, takeUntil, takeWhile } from 'rxjs';
import { RunExpiredError, RunNotFoundError, setLongTimeout } from '../../common/index.js';
import { RunWatcher, type WatchSignal } from '../../event-store/index.js';
import type { EventId } from '../../events/index.js';
import { AnswerRoom, Draining, lifeOf } from '../../http/index.js';
import { tenantOf } from '../../tenancy/index.js';

const MAX_EVENTS = 1000;
/** A page ends with the event that reaches it, which may have 1 MiB itself. */
const MAX_BYTES = 1024 * 1024;
/** How long it waits for an event, or for a Redis that is away. */
const WAIT_MS = 20_000;

export interface StreamPage {
  /** Each as JSON, as it is everywhere else. */
  events: (string | Buffer)[];
  next: EventId;
  /** Whether the last of them ended the run. */
  isClosed: boolean;
}

/** Pages of a run's log as one answer each. */
@Injectable()
export class StreamPages {
  constructor(
    private readonly watcher: RunWatcher,
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
    const timer = setLongTimeout(over, WAIT_MS);
    if (waits) this.draining.signal.addEventListener('abort', over, { signal });
    lifeOf(request).onEnd(over);
    try {
      const { next, events } = page;
      let bytes = 0;
      await this.watcher
        .watch(tenantOf(request), runId, { after: next, caller: request.caller })
        .pipe(
          takeUntil(fromEvent(signal, 'abort')),
          takeWhile((told) => {
            bytes += add(page, told, { last, room: MAX_BYTES - bytes });
            const isFull = events.length === MAX_EVENTS || bytes >= MAX_BYTES;
            return !isFull && !page.isClosed && (events.length === 0 || page.next.sequence < last.sequence);
          }),
        )
        .forEach(() => undefined);
    } finally {
      timer.cancel();
      over();
    }
    return page;
  }
}

/**
 * Adds what a watcher is told, as far as the page goes, and says how many bytes that was.
 *
 * @throws RunExpiredError, RunNotFoundError
 */
function add(page: StreamPage, told: WatchSignal, { last, room }: { last: EventId; room: number }): number {
  if (told.kind === 'gap') throw new RunExpiredError();
  if (told.kind === 'close' && told.reason === 'deleted') throw new RunNotFoundError();
  if (told.kind === 'close') page.isClosed = true;
  if (told.kind !== 'events') return 0;
  let bytes = 0;
  for (const { json, position, ends } of told.events) {
    page.events.push(json);
    page.next = position;
    page.isClosed = ends !== undefined;
    bytes += Buffer.byteLength(json);
    if (bytes >= room || page.events.length === MAX_EVENTS || position.sequence === last.sequence) break;
  }
  return bytes;
}
