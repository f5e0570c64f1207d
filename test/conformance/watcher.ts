import assert from 'node:assert/strict';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { readReply, send, type Outgoing } from './http.js';
import type { RecordedEvent } from './model.js';
import { SseParser, type SseComment, type SseFrame, type SseItem } from './sse-parser.js';

const CONTROL_NAMES = new Set(['cursor', 'gap', 'provisional', 'close']);

/** Longest wait for something that a stream promises, unless a check says otherwise. A check has a limit of its own. */
const WAIT_MS = 60_000;

/** One open live stream and everything that has come over it. */
export class Watcher {
  /** All dispatched frames, events and control frames alike. */
  readonly frames: SseFrame[] = [];
  /** The control frames among them. */
  readonly controls: SseFrame[] = [];
  /** The events that the other frames carry. */
  readonly events: RecordedEvent[] = [];
  readonly comments: SseComment[] = [];
  /** Blocks that dispatched nothing. */
  readonly silent: SseItem[] = [];
  private readonly chunks: Buffer[] = [];
  private readonly wakers = new Set<() => void>();
  private broken: Error | undefined;
  private finished = false;

  /** Expects 200 and an event stream; resolves as soon as the headers are there. */
  static async open(outgoing: Outgoing, note: (activity: string) => void): Promise<Watcher> {
    const { request, response } = send(outgoing);
    request.end();
    const answer = await response;
    const type = answer.headers['content-type'] ?? '';
    if (answer.statusCode !== 200 || !type.startsWith('text/event-stream')) {
      const reply = answer.statusCode === 200 ? undefined : await readReply(outgoing, answer);
      assert.fail(
        `${outgoing.method} ${outgoing.url.pathname}${outgoing.url.search}: expected an event stream, ` +
          `got ${answer.statusCode} ${type} ${reply?.text.slice(0, 300) ?? ''}`,
      );
    }
    return new Watcher(answer, note);
  }

  private constructor(
    private readonly response: IncomingMessage,
    private readonly note: (activity: string) => void,
  ) {
    const parser = new SseParser((item) => this.take(item));
    response.on('data', (chunk: Buffer) => {
      this.chunks.push(chunk);
      try {
        parser.push(chunk);
      } catch (error) {
        this.broken ??= error instanceof Error ? error : new Error(String(error));
      }
      this.wake();
    });
    response.on('end', () => {
      this.finished = true;
      this.wake();
    });
    response.on('error', (error) => {
      this.broken ??= new Error(`the connection was cut: ${error.message}`);
      this.wake();
    });
  }

  get headers(): IncomingHttpHeaders {
    return this.response.headers;
  }

  /** The bytes so far, as text. */
  get raw(): string {
    return Buffer.concat(this.chunks).toString('utf8');
  }

  /** The cursor that a client would come back with. */
  get lastEventId(): string {
    return this.frames.at(-1)?.lastEventId ?? '';
  }

  /** The names of all frames, without the cursors that a heartbeat may bring between them. */
  get frameNames(): string[] {
    return this.frames.map(({ event }) => event).filter((event, i) => i === 0 || event !== 'cursor');
  }

  get ids(): string[] {
    return this.events.map(({ id }) => id);
  }

  /** Waits until `reached` is true; fails with what there was instead. */
  async until(what: string, reached: () => boolean, timeoutMs = WAIT_MS): Promise<this> {
    this.note(`waiting on the stream for ${what}`);
    const deadline = performance.now() + timeoutMs;
    while (!reached()) {
      if (this.broken)
        assert.fail(`stream broke while waiting for ${what}: ${this.broken.message}; ${this.summary()}`);
      if (this.finished) assert.fail(`stream ended while waiting for ${what}; ${this.summary()}`);
      const left = deadline - performance.now();
      if (left <= 0) assert.fail(`waited ${timeoutMs} ms on the stream for ${what}; ${this.summary()}`);
      await this.somethingNew(left);
    }
    return this;
  }

  /** Waits until this many events have come; returns them all. */
  async untilEvents(count: number, timeoutMs?: number): Promise<RecordedEvent[]> {
    await this.until(`${count} events`, () => this.events.length >= count, timeoutMs);
    return this.events;
  }

  /** Waits for the next control frame of this name that has not been waited for; returns its data. */
  async untilControl(
    name: string,
    timeoutMs?: number,
  ): Promise<{ frame: SseFrame; data: Record<string, unknown> }> {
    const find = (): SseFrame | undefined => this.controls.find(({ event }) => event === name);
    await this.until(`a frame "${name}"`, () => find() !== undefined, timeoutMs);
    const frame = find();
    assert.ok(frame);
    return { frame, data: JSON.parse(frame.data) as Record<string, unknown> };
  }

  /** Waits until the server has ended the response properly. */
  async untilEnd(timeoutMs?: number): Promise<this> {
    const done = (): boolean => this.finished;
    await this.until('the end of the response', done, timeoutMs);
    assert.ok(this.response.complete, 'the response ends with its last chunk, not by a cut connection');
    return this;
  }

  /** Cuts the connection, as a client that goes away. */
  cut(): void {
    this.response.removeAllListeners('data');
    this.response.destroy();
  }

  /** Stops reading: the server's socket fills up. */
  pause(): void {
    this.response.pause();
  }

  resume(): void {
    this.response.resume();
  }

  /** What came, in one line, for messages. */
  summary(): string {
    const shown = this.frames
      .slice(-6)
      .map(({ event, id, data }) => `${event}@${id ?? 'no id'}${CONTROL_NAMES.has(event) ? ` ${data}` : ''}`);
    const dots = this.frames.length > 6 ? '… ' : '';
    return `${this.events.length} events and ${this.controls.length} control frames so far: ${dots}${shown.join(' | ') || 'nothing'}`;
  }

  private take(item: SseItem): void {
    if (item.kind === 'comment') this.comments.push(item);
    else if (item.kind === 'silent') this.silent.push(item);
    else {
      this.frames.push(item);
      if (CONTROL_NAMES.has(item.event)) this.controls.push(item);
      else this.events.push(JSON.parse(item.data) as RecordedEvent);
    }
  }

  private wake(): void {
    for (const waker of this.wakers) waker();
  }

  private somethingNew(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.wakers.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.wakers.add(done);
    });
  }
}

/** Expects these events to be the run's `from` … `to`, each once, in order. */
export function assertSequences(events: readonly { sequence: number }[], from: number, to: number): void {
  const got = events.map(({ sequence }) => sequence);
  const wanted = Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
  const wrong = wanted.findIndex((sequence, i) => got[i] !== sequence);
  const at = wrong >= 0 ? wrong : wanted.length;
  assert.ok(
    wrong < 0 && got.length === wanted.length,
    `expected the sequences ${from} to ${to}, each once and in order; got ${got.length} of ${wanted.length}, ` +
      `different from position ${at}: ${got.slice(at, at + 10).join(', ') || 'nothing'}`,
  );
}
