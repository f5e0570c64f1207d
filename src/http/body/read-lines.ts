import { isUtf8 } from 'node:buffer';
import type { Readable } from 'node:stream';
import {
  RunstreamError,
  type RunstreamErrorOptions,
  type ErrorCode,
  setLongTimeout,
} from '../../common/index.js';
import { RequestCutError } from './request-cut-error.js';

export interface ReadLinesOptions {
  /** Longest line, in bytes without its end. */
  maxLineBytes: number;
  /** A request that sends nothing for so many milliseconds is cut. Time the caller takes does not count. */
  idleTimeoutMs: number;
  /** Told what a line holds whose end has not arrived, and that it no longer does; what it throws ends the reading. */
  hold?: (bytes: number) => void;
  /** Ends the reading when it is aborted, with its reason as the error. */
  signal?: AbortSignal;
}

/** One line of an NDJSON request. */
export interface Line {
  /** Counts from 1; empty lines count too. */
  number: number;
  text: string;
  /** Size in UTF-8. */
  byteLength: number;
}

/** A line that cannot be read, with the error that the client gets. The lines before it were yielded. */
export class LineError extends RunstreamError {
  constructor(
    readonly line: number,
    code: ErrorCode,
    message: string,
    options?: RunstreamErrorOptions,
  ) {
    super(code, message, options);
  }
}

const NEWLINE = 10;
const CARRIAGE_RETURN = 13;
/** A line that drips in byte by byte would cost a hundred times its size, were its pieces never joined. */
const MAX_PIECES = 1024;

/**
 * Splits a request's bytes into lines as they arrive: one array for all lines that were complete in what has
 * arrived, so that the caller can store them together. While the caller works, the socket is not read.
 *
 * @throws LineError for a line that is too long or not UTF-8; RequestCutError when the request ends in the
 *   middle, after its complete lines were yielded (an unfinished last one is dropped)
 */
export async function* readLines(
  request: Readable & { readonly complete?: boolean },
  options: ReadLinesOptions,
): AsyncGenerator<Line[], void, undefined> {
  const splitter = new LineSplitter(options.maxLineBytes, options.hold);
  for await (const chunk of chunks(request, options)) {
    yield* whatIsReadable(() => splitter.push(chunk), splitter);
  }
  yield* whatIsReadable(() => splitter.end(), splitter);
}

/** Yields what a step could read, and only then throws what it could not. */
function* whatIsReadable(step: () => void, splitter: LineSplitter): Generator<Line[], void, undefined> {
  try {
    step();
  } finally {
    const lines = splitter.take();
    if (lines.length > 0) yield lines;
  }
}

async function* chunks(
  request: Readable & { readonly complete?: boolean },
  { idleTimeoutMs, signal }: ReadLinesOptions,
): AsyncGenerator<Buffer, void, undefined> {
  // destroyOnReturn: false keeps the socket for the answer when the caller stops at a bad line.
  const iterator = request.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
  const stopped = signal && abortOf(signal);
  try {
    for (;;) {
      const timer = setLongTimeout(() => request.destroy(new RequestCutError('idle')), idleTimeoutMs);
      let result: IteratorResult<Buffer>;
      try {
        result = await (stopped ? Promise.race([iterator.next(), stopped.promise]) : iterator.next());
      } catch (error) {
        if (signal?.aborted) throw error;
        throw error instanceof RequestCutError ? error : new RequestCutError('aborted', { cause: error });
      } finally {
        timer.cancel();
      }
      if (result.done) break;
      yield result.value;
    }
    if (request.complete === false) throw new RequestCutError('aborted');
  } finally {
    stopped?.forget();
    const returned = iterator.return?.();
    // One that waits for a piece that may never come does not return before that.
    if (!signal?.aborted) await returned;
  }
}

/** A promise that is rejected when the signal is aborted. */
function abortOf(signal: AbortSignal): { promise: Promise<never>; forget: () => void } {
  let forget = (): void => undefined;
  const promise = new Promise<never>((_, reject) => {
    const onAbort = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    forget = () => {
      signal.removeEventListener('abort', onAbort);
    };
  });
  promise.catch(() => undefined);
  return { promise, forget };
}

class LineSplitter {
  /** The beginning of a line whose end has not arrived, in the pieces it came in: joined once, at its end. */
  private pieces: Buffer[] = [];
  private pieceBytes = 0;
  private lines: Line[] = [];
  private number = 1;

  constructor(
    private readonly maxLineBytes: number,
    private readonly onHold: (bytes: number) => void = () => undefined,
  ) {}

  take(): Line[] {
    const { lines } = this;
    this.lines = [];
    return lines;
  }

  push(chunk: Buffer): void {
    const first = chunk.indexOf(NEWLINE);
    if (first < 0) return this.hold(chunk);
    let start = 0;
    if (this.pieceBytes > 0) {
      this.finishHeld(chunk.subarray(0, first));
      start = first + 1;
    }
    // A newline byte is never part of another character, so whole lines can be checked together.
    const last = chunk.lastIndexOf(NEWLINE);
    const valid = isUtf8(chunk.subarray(start, last + 1));
    while (start <= last) {
      const end = chunk.indexOf(NEWLINE, start);
      this.add(chunk, start, end, valid);
      start = end + 1;
    }
    if (start < chunk.length) this.hold(chunk.subarray(start));
  }

  end(): void {
    if (this.pieceBytes > 0) this.finishHeld(Buffer.alloc(0));
  }

  private hold(piece: Buffer): void {
    this.holdMore(piece.length);
    this.pieces.push(piece);
    if (this.pieces.length > MAX_PIECES) this.pieces = [Buffer.concat(this.pieces)];
    this.pieceBytes += piece.length;
    // One byte more than the limit may be the carriage return of the line's end.
    if (this.pieceBytes > this.maxLineBytes + 1) throw this.tooLong();
  }

  private holdMore(bytes: number): void {
    try {
      this.onHold(bytes);
    } catch (error) {
      if (!(error instanceof RunstreamError)) throw error;
      const { code, message, details, retryAfterSeconds } = error;
      throw new LineError(this.number, code, message, {
        details,
        cause: error,
        ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
      });
    }
  }

  private finishHeld(rest: Buffer): void {
    const line = Buffer.concat([...this.pieces, rest]);
    this.onHold(-this.pieceBytes);
    this.pieces = [];
    this.pieceBytes = 0;
    this.add(line, 0, line.length, isUtf8(line));
  }

  private add(buffer: Buffer, start: number, end: number, valid: boolean): void {
    const stop = end > start && buffer[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
    const byteLength = stop - start;
    if (byteLength > this.maxLineBytes) throw this.tooLong();
    if (!valid && !isUtf8(buffer.subarray(start, stop))) {
      throw new LineError(
        this.number,
        'VALIDATION_FAILED',
        `Line ${this.number} is not valid UTF-8. Send UTF-8.`,
      );
    }
    if (byteLength > 0) {
      this.lines.push({ number: this.number, text: buffer.toString('utf8', start, stop), byteLength });
    }
    this.number++;
  }

  private tooLong(): LineError {
    return new LineError(
      this.number,
      'EVENT_TOO_LARGE',
      `Line ${this.number} is longer than ${this.maxLineBytes} bytes. Store the content elsewhere and append a reference.`,
      { details: { limit_bytes: this.maxLineBytes } },
    );
  }
}
