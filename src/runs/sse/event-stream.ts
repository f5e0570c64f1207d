import type { Response } from 'express';
import type { OutgoingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { Observable, Subscription } from 'rxjs';
import { MAX_TIMER_MS } from '../../common/index.js';
import type { Demand, WatchSignal } from '../../event-store/index.js';
import { type AnswerRoom, goAtOwnPace, lifeOf } from '../../http/index.js';
import { forgetHead, forgetRequest } from './forget.js';
import type { WireChunk } from './frame.js';
import type { StreamFormat } from './stream-format.js';
import type { WatchRequest } from './watch-request.js';

const KEEP_ALIVE_PROBE_MS = 30_000;

export interface EventStreamOptions {
  bufferBytes: number;
  stalledMs: number;
}

/** What Nest 12 sends with an event stream; Nest 11 doesn't for one that was empty. */
const HEAD_OF_STREAMS = {
  Connection: 'keep-alive',
  'Cache-Control': 'private, no-cache, no-store, must-revalidate, max-age=0, no-transform',
  Pragma: 'no-cache',
  Expires: '0',
  'X-Accel-Buffering': 'no',
};

/**
 * The response of one watcher: writes signals as frames, and says when it takes more.
 *
 * It stands in place of the framework's writer (docs/adr/0006), which numbers frames that have no id and keeps
 * what a slow watcher has not read where nobody can see it.
 */
export class EventStream implements Demand {
  private isOver = false;
  private socket: Socket | undefined;
  private readonly writing = new Subscription();

  constructor(
    private readonly response: Response,
    private readonly format: StreamFormat,
    private readonly options: EventStreamOptions,
    private readonly answers: AnswerRoom,
    private readonly caller: string,
  ) {}

  ready(): boolean {
    const { out } = this;
    // Below a mark of its own, which may be higher than ours, a stream never says that it has drained.
    return out.writableLength < this.options.bufferBytes || !out.writableNeedDrain;
  }

  drained(signal: AbortSignal): Promise<void> {
    const { out } = this;
    return new Promise((resolve, reject) => {
      const settle = () => {
        out.off('drain', settle);
        signal.removeEventListener('abort', settle);
        if (signal.aborted) reject(signal.reason as Error);
        else resolve();
      };
      out.on('drain', settle);
      signal.addEventListener('abort', settle);
    });
  }

  async room(bytes: number, signal: AbortSignal): Promise<() => void> {
    const giveBack = await this.answers.reserve(this.caller, bytes, signal);
    return () => {
      this.onceTaken(giveBack);
    };
  }

  /** Calls it once the socket has taken what was written so far, or is gone. */
  private onceTaken(work: () => void): void {
    const { out } = this;
    if (!out.writableNeedDrain) {
      work();
      return;
    }
    const settle = (): void => {
      out.off('drain', settle);
      forgetEnd();
      work();
    };
    out.once('drain', settle);
    const forgetEnd = lifeOf(this.response.req).onEnd(settle);
  }

  /**
   * What an `@Sse` handler returns: to the framework an empty stream. The framework sends the headers and, since what
   * it would write is unpiped, leaves the response open; from then on that is ours alone. So nothing of the request's
   * way through middleware, guards and interceptors is kept in memory for as long as somebody watches.
   */
  send(signals: Observable<WatchSignal>): Observable<never> {
    return new Observable((out) => {
      const { watch, journalWatch } = this.response.req;
      const framework = (watch ?? journalWatch)?.framework;
      framework?.unpipe(this.response);
      out.complete();
      forgetRequest(this.response.req);
      this.begin(signals, framework);
    });
  }

  /** For a handler that answers by itself, of any method: the head goes out at once. */
  open(headers: OutgoingHttpHeaders, signals: Observable<WatchSignal>): void {
    this.response.writeHead(200, { ...HEAD_OF_STREAMS, ...headers });
    this.response.flushHeaders();
    forgetRequest(this.response.req);
    this.write(signals);
  }

  /** Ends the stream, without `close`: the watcher comes back after so long, here or to another instance. */
  sendAway(retryMs: number): void {
    if (!this.response.headersSent) this.response.destroy();
    else if (this.format.sendAway && this.ready()) this.putChunk(this.format.sendAway(retryMs));
    this.end();
  }

  /**
   * An interceptor may have put off that the framework sends the headers. Nest 11 sends none for a stream that was
   * empty: once it has ended its own, nobody but us will.
   */
  private begin(signals: Observable<WatchSignal>, framework?: WatchRequest['framework']): void {
    if (this.response.destroyed) return;
    if (!this.response.headersSent && framework?.writableEnded) {
      this.response.writeHead(this.response.statusCode, HEAD_OF_STREAMS);
      this.response.flushHeaders();
    }
    if (this.response.headersSent) this.write(signals);
    else setTimeout(() => this.begin(signals, framework), 1);
  }

  /** What is made here stays for as long as somebody watches, so it holds nothing that is not needed. */
  private write(signals: Observable<WatchSignal>): void {
    forgetHead(this.response);
    this.watchSocket();
    // Too late for a status: the watcher comes back with its cursor and is told then.
    this.writing.add(signals.subscribe({ next: this.put, error: this.end, complete: this.end }));
    lifeOf(this.response.req).onEnd(() => {
      this.writing.unsubscribe();
    });
  }

  private readonly end = (): void => {
    this.writing.unsubscribe();
    if (this.format.breaksOff && !this.isOver) this.breakOff();
    else this.response.end();
  };

  /** What was written still arrives, and the mark of a whole answer does not. */
  private breakOff(): void {
    const socket = this.direct();
    if (socket) socket.destroySoon();
    else this.response.destroy();
  }

  private watchSocket(): void {
    const { socket } = this.response;
    socket?.setKeepAlive(true, KEEP_ALIVE_PROBE_MS);
    if (socket) goAtOwnPace(socket);
    // Node counts progress of what is waiting as activity, so a slow reader is not hit. One for whom nothing
    // waits has read everything.
    const stalledMs = Math.min(this.options.stalledMs, MAX_TIMER_MS);
    // eslint-disable-next-line no-restricted-syntax -- it is at most what a timer takes
    socket?.setTimeout(stalledMs);
    this.response.on('timeout', () => {
      if (this.response.writableLength > 0) this.response.destroy();
    });
  }

  private readonly put = (signal: WatchSignal): void => {
    if (signal.kind === 'heartbeat') {
      // Who has not read the last frames needs no sign of life, and it would pass for activity.
      if (this.out.writableLength > 0) return;
    }
    for (const chunk of this.format.encode(signal)) this.putChunk(chunk);
    this.isOver ||= signal.kind === 'close' || this.format.isOver === true;
    // A run's end completes the signals by itself.
    if (this.format.isOver) this.end();
  };

  /** What is written to: the socket itself, or the response while another one has the socket (pipelining). */
  private get out(): Writable {
    return this.direct() ?? this.response;
  }

  /**
   * One shared buffer and one write for each watcher: the response would frame the same bytes for each of them anew,
   * which costs more than the write itself (bench/README.md, fan-out).
   */
  private putChunk({ payload, framed }: WireChunk): void {
    const socket = this.direct();
    if (socket) socket.write(framed);
    else this.response.write(payload);
  }

  /** The socket, once the headers are out and the response holds nothing back. From then on it is ours alone. */
  private direct(): Socket | undefined {
    if (this.socket) return this.socket;
    const { chunkedEncoding, socket, writableLength } = this.response;
    if (chunkedEncoding && socket !== null && writableLength === socket.writableLength) this.socket = socket;
    return this.socket;
  }
}
