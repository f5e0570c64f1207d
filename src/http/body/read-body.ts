import type { IncomingMessage } from 'node:http';
import type { Readable, Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { RunstreamError, setLongTimeout, ValidationFailedError } from '../../common/index.js';
import { lifeOf } from '../edge/life/request-life.js';
import { RequestCutError } from './request-cut-error.js';

export interface ReadBodyOptions {
  /** Largest body, in bytes after decompression. */
  limitBytes: number;
  /** After so many milliseconds a body must have come at `LEAST_BYTES_PER_SECOND`; else the connection is closed. */
  graceMs: number;
  /** Asked for room for each piece of the body; what it throws ends the reading. */
  hold: (bytes: number) => void;
}

/** A sender that is slower for long holds its place, and what was read of its body, for nothing. */
export const LEAST_BYTES_PER_SECOND = 32 * 1024;

/** How much larger than what was sent a body may become; JSON of programs comes to a tenth or a fiftieth. */
const MOST_INFLATION = 100;
/** Below this it does not matter. */
const UNSUSPICIOUS_BYTES = 256 * 1024;

const DECODERS: ReadonlyMap<string, () => Transform> = new Map<string, () => Transform>([
  ['gzip', () => createGunzip()],
  ['x-gzip', () => createGunzip()],
  ['deflate', () => createInflate()],
  ['br', () => createBrotliDecompress()],
]);

/**
 * The whole body of a request, decompressed. Stops reading at the limit instead of taking in the rest first,
 * so that an endless upload is answered at once.
 *
 * @throws RunstreamError when too large, in an unknown encoding or badly compressed; RequestCutError
 */
export async function readBody(request: IncomingMessage, options: ReadBodyOptions): Promise<Buffer> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity') {
    if (Number(request.headers['content-length'] ?? 0) > options.limitBytes)
      throw tooLarge(options.limitBytes);
    return takeWhole(request, options) ?? collect(request, request, options);
  }
  const decoder = DECODERS.get(encoding)?.();
  if (!decoder) {
    throw new RunstreamError(
      'UNSUPPORTED_MEDIA_TYPE',
      `Content-Encoding ${encoding.slice(0, 40)} is not understood. Send the body plain, or as gzip, deflate or br.`,
    );
  }
  try {
    // Not stream.pipeline: that destroys the request, and with it the socket the error has to go out on.
    return await collect(request, request.pipe(decoder), options);
  } catch (error) {
    if (error instanceof RunstreamError || error instanceof RequestCutError) throw error;
    throw new ValidationFailedError([{ path: '', message: `the body is not valid ${encoding}` }]);
  } finally {
    request.unpipe(decoder);
    decoder.destroy();
  }
}

/** A body that has arrived with its head, as most do: there is nothing to wait for, so nothing to listen or time. */
function takeWhole(request: IncomingMessage, { limitBytes, hold }: ReadBodyOptions): Buffer | undefined {
  if (!request.complete || request.readableFlowing !== null || request.destroyed) return undefined;
  const size = request.readableLength;
  if (size > limitBytes) throw tooLarge(limitBytes);
  hold(size);
  return (request.read() as Buffer | null) ?? Buffer.alloc(0);
}

/**
 * Waits until a body that was read has told its end. A parser of the application that comes next would take it for one
 * that is still to be read, and find it too short.
 */
export async function untilEnded(request: IncomingMessage): Promise<void> {
  if (!request.complete || !request.readableDidRead || request.readableEnded || request.destroyed) return;
  await new Promise<void>((resolve) => {
    request.once('end', resolve).once('close', resolve);
  });
}

function collect(request: IncomingMessage, source: Readable, options: ReadBodyOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pace = watchPace(request, options.graceMs);
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (): void => {
      pace.stop();
      forget();
      source.off('data', onData).off('end', onEnd).off('error', onError);
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      try {
        if (size > options.limitBytes) throw tooLarge(options.limitBytes);
        if (size > UNSUSPICIOUS_BYTES && size > pace.received() * MOST_INFLATION) throw inflated();
        options.hold(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        settle();
        // Not destroyed: the answer goes out on the same socket.
        source.pause();
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- it is the one that was thrown
        reject(error);
      }
    };
    const onEnd = (): void => {
      settle();
      const [only] = chunks;
      resolve(only && chunks.length === 1 ? only : Buffer.concat(chunks, size));
    };
    const onError = (error: Error): void => {
      settle();
      reject(source === request ? asCut(error) : error);
    };
    source.on('data', onData).once('end', onEnd).once('error', onError);
    const forget = lifeOf(request).onEnd(() => {
      onError(new RequestCutError('aborted'));
    });
  });
}

/** Cuts a request whose body comes too slowly. What is decompressed says nothing of how fast the sender is. */
function watchPace(request: IncomingMessage, graceMs: number): { stop: () => void; received: () => number } {
  const began = performance.now();
  let received = 0;
  const onBytes = (chunk: Buffer): void => {
    received += chunk.length;
  };
  const look = (): void => {
    const dueMs = graceMs + (received / LEAST_BYTES_PER_SECOND) * 1000 - (performance.now() - began);
    if (dueMs > 0) timer = setLongTimeout(look, dueMs);
    else request.destroy(new RequestCutError('too slow'));
  };
  let timer = setLongTimeout(look, graceMs);
  request.on('data', onBytes);
  return {
    received: () => received,
    stop: () => {
      timer.cancel();
      request.off('data', onBytes);
    },
  };
}

function asCut(error: unknown): RequestCutError {
  return error instanceof RequestCutError ? error : new RequestCutError('aborted', { cause: error });
}

/** A few bytes must not cost the time that it takes to read megabytes. */
function inflated(): RunstreamError {
  return new RunstreamError(
    'PAYLOAD_TOO_LARGE',
    `A compressed body may become at most ${MOST_INFLATION} times as large as it was sent. Send it plain.`,
  );
}

export function tooLarge(limitBytes: number): RunstreamError {
  return new RunstreamError(
    'PAYLOAD_TOO_LARGE',
    `A JSON body may have at most ${limitBytes} bytes. Split it, or send events as application/x-ndjson.`,
    { details: { limit_bytes: limitBytes } },
  );
}
