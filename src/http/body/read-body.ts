import type { IncomingMessage } from 'node:http';
import type { Readable, Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { RunstreamError, ValidationFailedError } from '../../common/index.js';
import { RequestCutError } from './request-cut-error.js';

export interface ReadBodyOptions {
  /** Largest body, in bytes after decompression. */
  limitBytes: number;
  /** Longest time for the whole body, in milliseconds; then the connection is closed. */
  timeoutMs: number;
  /** Asked for room for each piece of the body; what it throws ends the reading. */
  hold: (bytes: number) => void;
}

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
    return collect(request, request, options);
  }
  const decoder = DECODERS.get(encoding)?.();
  if (!decoder) {
    throw new RunstreamError(
      'UNSUPPORTED_MEDIA_TYPE',
      `Content-Encoding ${encoding.slice(0, 40)} is not understood. Send the body plain, or as gzip, deflate or br.`,
    );
  }
  // Not stream.pipeline: that destroys the request, and with it the socket the error has to go out on.
  const onClose = () => {
    if (!request.complete) decoder.destroy(new RequestCutError('aborted'));
  };
  request.once('close', onClose);
  try {
    return await collect(request, request.pipe(decoder), options);
  } catch (error) {
    if (error instanceof RunstreamError || error instanceof RequestCutError) throw error;
    throw new ValidationFailedError([{ path: '', message: `the body is not valid ${encoding}` }]);
  } finally {
    request.off('close', onClose);
    request.unpipe(decoder);
    decoder.destroy();
  }
}

function collect(request: IncomingMessage, source: Readable, options: ReadBodyOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => request.destroy(new RequestCutError('too slow')), options.timeoutMs);
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (): void => {
      clearTimeout(timer);
      source.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose);
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      try {
        if (size > options.limitBytes) throw tooLarge(options.limitBytes);
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
    const onClose = (): void => {
      onError(new Error('The body was closed before its end.'));
    };
    source.on('data', onData).once('end', onEnd).once('error', onError).once('close', onClose);
  });
}

function asCut(error: unknown): RequestCutError {
  return error instanceof RequestCutError ? error : new RequestCutError('aborted', { cause: error });
}

function tooLarge(limitBytes: number): RunstreamError {
  return new RunstreamError(
    'PAYLOAD_TOO_LARGE',
    `A JSON body may have at most ${limitBytes} bytes. Split it, or send events as application/x-ndjson.`,
    { details: { limit_bytes: limitBytes } },
  );
}
