import { type BeforeApplicationShutdown, Inject, Injectable, type MessageEvent } from '@nestjs/common';
import type { Response } from 'express';
import type { OutgoingHttpHeaders } from 'node:http';
import { EMPTY, type Observable } from 'rxjs';
import { delay, OverloadedError } from '../../common/index.js';
import { type Demand, type WatchSignal } from '../../event-store/index.js';
import { AnswerRoom, EVENT_STREAM_MEDIA_TYPE, lifeOf } from '../../http/index.js';
import { RUNS_DEFAULTS, RUNS_OPTIONS, type RunsOptions } from '../runs-options.js';
import type { EventForm } from './event-form.js';
import { EventStream } from './event-stream.js';
import { EventFrames, type StreamFormat } from './stream-format.js';

/** Gives the signals of a watch for what its response takes. */
export type Watching = (demand: Demand, caller: string) => Observable<WatchSignal>;

/** Watchers that a shutdown sends away come back at this distance from each other, on average. */
const RETURN_SPACING_MS = 2;

/** How long a watcher may take, at a shutdown, to read what its stream still holds. */
const ENDING_MS = 2000;

/** The open event streams of this instance: a shutdown ends them, since the server waits for them. */
@Injectable()
export class EventStreams implements BeforeApplicationShutdown {
  private readonly streams = new Map<Response, EventStream>();
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
    return this.streams.size;
  }

  /** For an `@Sse` handler to return: streams what `watch` gives for the response's demand. */
  send(response: Response, form: EventForm, watch: Watching): Observable<MessageEvent> {
    // A HEAD response is over with its headers.
    const { req: request } = response;
    if (this.stopped || lifeOf(request).over || request.method === 'HEAD') return EMPTY;
    const stream = this.add(response, new EventFrames(form, this.options.retryMs));
    return stream.send(watch(stream, request.caller));
  }

  /**
   * For a handler that answers by itself: the answer is a stream from here on, in whatever format.
   *
   * @throws OverloadedError when there are too many streams, or at a shutdown
   */
  open(response: Response, headers: OutgoingHttpHeaders, format: StreamFormat, watch: Watching): void {
    const { req: request } = response;
    if (lifeOf(request).over) return;
    if (this.stopped) throw new OverloadedError();
    request.place?.becomes('streams');
    const head = { 'Content-Type': EVENT_STREAM_MEDIA_TYPE, ...headers };
    if (request.method === 'HEAD') {
      response.writeHead(200, head).end();
      return;
    }
    const stream = this.add(response, format);
    stream.open(head, watch(stream, request.caller));
  }

  private add(response: Response, format: StreamFormat): EventStream {
    const { caller } = response.req;
    const { watcherBufferBytes: bufferBytes, stalledMs } = this.options;
    const stream = new EventStream(response, format, { bufferBytes, stalledMs }, this.room, caller);
    this.streams.set(response, stream);
    lifeOf(response.req).onEnd(() => {
      this.streams.delete(response);
      if (this.streams.size === 0) this.allClosed();
    });
    return stream;
  }

  /** Waits for the ends to be read: the server, when it closes, cuts connections whose response was ended. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    // All of them at once would be the next instance's worst moment.
    const windowMs = this.options.retryMs + this.streams.size * RETURN_SPACING_MS;
    for (const stream of this.streams.values()) {
      stream.sendAway(Math.round(this.options.retryMs / 2 + Math.random() * windowMs));
    }
    if (this.streams.size === 0) return;
    const patience = new AbortController();
    await Promise.race([
      new Promise<void>((resolve) => (this.allClosed = resolve)),
      delay(ENDING_MS, { signal: patience.signal }).catch(() => undefined),
    ]);
    patience.abort();
    for (const response of this.streams.keys()) response.destroy();
  }
}
