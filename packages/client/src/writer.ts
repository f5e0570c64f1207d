import { isPassing, RunstreamClientError } from './errors.js';
import type { Http } from './http/http.js';
import { Retry, sleep } from './http/retry.js';
import type { EndStatus, EventInput } from './types.js';

const MAX_HELD_BYTES = 2 ** 20;
const MAX_BATCH_BYTES = 2 ** 18;

export interface AppendOptions {
  /**
   * What the keys of its events begin with, `<writerId>:<n>`. With one of your own, a producer that begins again with
   * its first event stores nothing twice. Default: a random one.
   */
  writerId?: string;
  /** Of a claim, for a run that you execute as a worker. */
  leaseToken?: string;
  /** Ends it: what is not stored then never is, and `flush()` throws what the signal says. */
  signal?: AbortSignal;
}

interface Line {
  text: string;
  bytes: number;
}

/**
 * Writes events to a run, in order and each once, over whatever happens to the line. They go out as lines, as many at
 * a time as there are; what was not answered is sent again, under the same keys, which the service knows. (So it need
 * not ask how far the run came; and where a run has several producers, its sequence would not tell.)
 *
 * Outages, overload and lines that are cut or dead only delay it. What the service refuses for good, such as
 * `RUN_ENDED`, is thrown by `write()` and `flush()` from then on.
 */
export class RunWriter implements AsyncDisposable {
  readonly writerId: string;
  private readonly lines: Line[] = [];
  private heldBytes = 0;
  private count = 0;
  private sending: Promise<void> | undefined;
  private failure: { error: unknown } | undefined;
  private isClosed = false;
  private readonly waiting: (() => void)[] = [];
  private readonly encoder = new TextEncoder();
  private readonly retry: Retry;

  constructor(
    private readonly http: Http,
    private readonly path: string,
    private readonly options: AppendOptions = {},
  ) {
    this.retry = new Retry(http.retryMs);
    this.writerId = options.writerId ?? randomId();
  }

  /**
   * Takes an event, and begins to send it. An event without a key gets one.
   *
   * @returns resolves when there is room for another one, and never rejects; `flush()` tells whether it is stored
   * @throws RunstreamClientError what the service refused before; `WRITER_FULL` with 1 MiB held, if it is not awaited
   */
  write(event: EventInput): Promise<void> {
    if (this.failure) throw this.failure.error;
    if (this.isClosed) throw new Error('This writer has ended.');
    if (this.heldBytes >= MAX_HELD_BYTES) {
      throw new RunstreamClientError({ code: 'WRITER_FULL', message: 'Await write() before the next one.' });
    }
    const key = `${this.writerId}:${++this.count}`;
    const text = `${JSON.stringify({ ...event, idempotency_key: event.idempotency_key ?? key })}\n`;
    const bytes = this.encoder.encode(text).length;
    this.lines.push({ text, bytes });
    this.heldBytes += bytes;
    this.sending ??= this.send();
    if (this.heldBytes < MAX_HELD_BYTES) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /**
   * Resolves when all that was written is stored.
   *
   * @throws RunstreamClientError what the service refused; `details` say how many lines of the request it took
   */
  async flush(): Promise<void> {
    await this.sending;
    if (this.failure) throw this.failure.error;
  }

  /** Writes the terminal event of the run, and waits until all is stored. Nothing can be written after it. */
  async end(status: EndStatus, data: Record<string, unknown> = {}): Promise<void> {
    await this.write({ event: { category: 'lifecycle', action: status }, data });
    this.isClosed = true;
    await this.flush();
  }

  /** At the end of its block: waits until all is stored. The run goes on, unless it was ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.isClosed = true;
    await this.flush();
  }

  private async send(): Promise<void> {
    try {
      // What is written in one go is sent together.
      await Promise.resolve();
      while (this.lines.length > 0) await this.deliver(this.nextBatch());
    } catch (error) {
      this.failure = { error };
      this.stored(this.lines.length);
    } finally {
      this.sending = undefined;
    }
  }

  private nextBatch(): Line[] {
    let bytes = 0;
    const tooMany = this.lines.findIndex((line) => (bytes += line.bytes) > MAX_BATCH_BYTES);
    return this.lines.slice(0, tooMany === -1 ? undefined : Math.max(tooMany, 1));
  }

  private async deliver(batch: readonly Line[]): Promise<void> {
    const { signal, leaseToken } = this.options;
    const headers = { 'lease-token': leaseToken };
    const lines = batch.map(({ text }) => text).join('');
    for (;;) {
      try {
        await this.http.json('POST', this.path, { lines, headers, signal });
        this.retry.succeeded();
        this.stored(batch.length);
        return;
      } catch (error) {
        signal?.throwIfAborted();
        if (!isPassing(error)) throw error;
        await sleep(this.retry.next(error), signal);
      }
    }
  }

  private stored(count: number): void {
    for (const { bytes } of this.lines.splice(0, count)) this.heldBytes -= bytes;
    if (this.heldBytes < MAX_HELD_BYTES) for (const resolve of this.waiting.splice(0)) resolve();
  }
}

/** `crypto.randomUUID` is not there in pages that came over plain HTTP. */
function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
