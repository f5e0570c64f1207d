import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { ValidationFailedError } from '../errors.js';
import { decodeUtf8, parseJson, withoutByteOrderMark } from './json.js';

/** A file that can't be used as it is. The message is for people: it names the file and the place in it. */
export class FileContentError extends Error {
  constructor(
    readonly path: string,
    readonly reason: string,
  ) {
    super(`${path}: ${reason}`);
    this.name = 'FileContentError';
  }
}

/** Files that people write by hand are not larger. */
const MAX_FILE_BYTES = 1024 * 1024;

/**
 * Reads a text file as strictly as a request body: UTF-8, of bounded size, with or without a byte order mark.
 *
 * @param maxBytes default 1 MiB
 * @throws FileContentError
 */
export async function readTextFile(path: string, maxBytes = MAX_FILE_BYTES): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // One byte more than allowed tells a file that is too large from one that is not, also of a device without end.
    for await (const chunk of createReadStream(path, { end: maxBytes }) as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
    }
  } catch (error) {
    throw new FileContentError(path, `it can't be read: ${messageOf(error)}`);
  }
  if (size > maxBytes) throw new FileContentError(path, `it has more than ${maxBytes} bytes`);
  return inFile(path, () => withoutByteOrderMark(decodeUtf8(Buffer.concat(chunks, size))));
}

/**
 * The same, at once: for what is read before anything is served.
 *
 * @throws FileContentError
 */
export function readTextFileSync(path: string, maxBytes = MAX_FILE_BYTES): string {
  const buffer = Buffer.alloc(maxBytes + 1);
  let size = 0;
  try {
    const file = openSync(path, 'r');
    try {
      for (let read = 1; read > 0 && size < buffer.length; size += read)
        read = readSync(file, buffer, size, buffer.length - size, null);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new FileContentError(path, `it can't be read: ${messageOf(error)}`);
  }
  if (size > maxBytes) throw new FileContentError(path, `it has more than ${maxBytes} bytes`);
  return inFile(path, () => withoutByteOrderMark(decodeUtf8(buffer.subarray(0, size))));
}

/**
 * Reads a JSON file as a request body is read: what a body may not hold is refused here too.
 *
 * @throws FileContentError
 */
export async function readJsonFile(path: string, maxBytes?: number): Promise<unknown> {
  const text = await readTextFile(path, maxBytes);
  return inFile(path, () => parseJson(text));
}

function inFile<Value>(path: string, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ValidationFailedError)) throw error;
    const [violation] = error.violations;
    throw new FileContentError(path, [violation?.path, violation?.message].filter(Boolean).join(': '));
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
