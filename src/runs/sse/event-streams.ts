import { type BeforeApplicationShutdown, Inject, Injectable, type MessageEvent } from '@nestjs/common';
import type { Response } from 'express';
import { EMPTY, type Observable } from 'rxjs';
import { delay } from '../../common/index.js';
import { type Demand, type WatchSignal } from '../../event-store/index.js';
import { AnswerRoom, lifeOf } from '../../http/index.js';
import { RUNS_DEFAULTS, RUNS_OPTIONS, type RunsOptions } from '../runs-options.js';
import { EventStream } from './event-stream.js';

/** Watchers that a shutdown sends away come back at this distance from each other, on average. */
const RETURN_SPACING_MS = 2;

/** How long a watcher may take, at a shutdown, to read what its stream still holds. */
const ENDING_MS = 2000;

/** The open event streams of this instance: a shutdown ends them, since the server waits for them. */
@Injectable()
export class EventStreams implements BeforeApplicationShutdown {
  private readonly open = new Map<Response, EventStream>();
  private readonly options: Required<RunsOptions>;
  private allClosed: () => void = () => undefined;
  private stopped = false;

  constructor(
    @Inject(RUNS_OPTIONS) options: RunsOptions,
    private readonly room: AnswerRoom,
  ) {
    this.options = { ...RUNS_DEFAULTS, ...options };
  }

  get count(): number {
    return this.open.size;
  }

  /** For an `@Sse` handler to return: streams what `watch` gives for the response's demand. */
  send(
    response: Response,
    named: boolean,
    watch: (demand: Demand, caller: string) => Observable<WatchSignal>,
  ): Observable<MessageEvent> {
    // A HEAD response is over with its headers.
    const life = lifeOf(response.req);
    if (this.stopped || life.over || response.req.method === 'HEAD') return EMPTY;
    const { caller } = response.req;
    const { watcherBufferBytes: bufferBytes, stalledMs, retryMs } = this.options;
    const stream = new EventStream(response, { bufferBytes, stalledMs, retryMs, named }, this.room, caller);
    this.open.set(response, stream);
    life.onEnd(() => {
      this.open.delete(response);
      if (this.open.size === 0) this.allClosed();
    });
    return stream.send(watch(stream, caller));
  }

  /** Waits for the ends to be read: the server, when it closes, cuts connections whose response was ended. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    // All of them at once would be the next instance's worst moment.
    const windowMs = this.options.retryMs + this.open.size * RETURN_SPACING_MS;
    for (const stream of this.open.values()) {
      stream.sendAway(Math.round(this.options.retryMs / 2 + Math.random() * windowMs));
    }
    if (this.open.size === 0) return;
    const patience = new AbortController();
    await Promise.race([
      new Promise<void>((resolve) => (this.allClosed = resolve)),
      delay(ENDING_MS, { signal: patience.signal }).catch(() => undefined),
    ]);
    patience.abort();
    for (const response of this.open.keys()) response.destroy();
  }
}
