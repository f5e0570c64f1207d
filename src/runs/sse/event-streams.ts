import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import type { Response } from 'express';
import { setTimeout as delay } from 'node:timers/promises';
import type { Observable } from 'rxjs';
import { type Demand, type WatchSignal } from '../../event-store/index.js';
import type { EventId } from '../../events/index.js';
import { RUNS_DEFAULTS, RUNS_OPTIONS, type RunsOptions } from '../runs-options.js';
import { EventStream, spread } from './event-stream.js';
import { controlFrame } from './frame.js';

/** How much longer than usual a watcher waits when it comes back during an outage. */
const OUTAGE_RETRY_FACTOR = 5;

/** How long a watcher may take, at a shutdown, to read what its stream still holds. */
const ENDING_MS = 2000;

/** The open event streams of this instance: a shutdown ends them, since the server waits for them. */
@Injectable()
export class EventStreams implements BeforeApplicationShutdown {
  private readonly open = new Map<EventStream, Promise<void>>();
  private readonly options: Required<RunsOptions>;
  private stopping = false;

  constructor(@Inject(RUNS_OPTIONS) options: RunsOptions) {
    this.options = { ...RUNS_DEFAULTS, ...options };
  }

  get count(): number {
    return this.open.size;
  }

  /** Streams what `watch` gives for the response's demand; resolves when the stream is over. */
  async send(
    response: Response,
    named: boolean,
    watch: (demand: Demand) => Observable<WatchSignal>,
  ): Promise<void> {
    const { watcherBufferBytes: bufferBytes, stalledMs, retryMs } = this.options;
    const stream = new EventStream(response, { bufferBytes, stalledMs, retryMs, named });
    const over = stream.send(watch(stream));
    this.open.set(stream, over);
    if (this.stopping) stream.end();
    await over;
    this.open.delete(stream);
  }

  /**
   * An EventSource gives up for good on an error status. One that comes back during an outage is sent away with its
   * cursor and a longer pause instead.
   */
  postpone(response: Response, cursor: EventId): void {
    response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
    });
    response.end(
      `retry: ${spread(this.options.retryMs * OUTAGE_RETRY_FACTOR)}\n${controlFrame('cursor', cursor, {})}`,
    );
  }

  /** Waits for the ends to be read: the server, when it closes, cuts connections whose response was ended. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    const overs = [...this.open.values()];
    for (const stream of this.open.keys()) stream.end();
    const patience = new AbortController();
    await Promise.race([
      Promise.all(overs),
      delay(ENDING_MS, undefined, { signal: patience.signal }).catch(() => undefined),
    ]);
    patience.abort();
    for (const stream of this.open.keys()) stream.destroy();
  }
}
