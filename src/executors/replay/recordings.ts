import { createReadStream, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseJson, ValidationFailedError } from '../../common/index.js';
import { type EventInput, MAX_DATA_BYTES } from '../../events/index.js';
import { LineError, readLines } from '../../http/index.js';
import { RunFailedError } from '../run-failed-error.js';

const SUFFIX = '.ndjson';
/** A name and not a path: neither separators nor a leading dot. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const MAX_LISTED = 50;
/** As for lines that are uploaded. */
const MAX_LINE_BYTES = 4 * MAX_DATA_BYTES;
/** A file that gives nothing for so long is on a disk that is gone. */
const READ_TIMEOUT_MS = 60_000;

/** One line of a recording. */
export interface RecordedLine {
  /** From 1. */
  number: number;
  event: EventInput;
}

/** A folder of recordings: NDJSON files with one event a line, as a producer would append them. */
export class Recordings {
  constructor(private readonly folder: string | undefined) {}

  /** The names there are, without the suffix. */
  names(): string[] {
    if (this.folder === undefined) return [];
    return readdirSync(this.folder, { withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(SUFFIX))
      .map(({ name }) => name.slice(0, -SUFFIX.length))
      .filter((name) => NAME.test(name))
      .sort();
  }

  /** @throws ValidationFailedError that says which there are */
  assertThere(name: unknown): asserts name is string {
    if (typeof name === 'string' && NAME.test(name) && this.isFile(name)) return;
    const names = this.names();
    const more = names.length > MAX_LISTED ? ', …' : '';
    const message =
      names.length > 0
        ? `must be one of ${names.slice(0, MAX_LISTED).join(', ')}${more}`
        : 'there are no recordings here; put NDJSON files into a folder and set RECORDINGS_DIR to its path';
    throw new ValidationFailedError([{ path: 'input.recording', message }]);
  }

  /**
   * Reads a recording line by line, as an upload of the same bytes would be read.
   *
   * @throws RunFailedError for a line that is not JSON in UTF-8, or too long
   */
  async *read(name: string, signal: AbortSignal): AsyncGenerator<RecordedLine> {
    this.assertThere(name);
    const input = createReadStream(this.pathOf(name), { signal });
    const options = { maxLineBytes: MAX_LINE_BYTES, idleTimeoutMs: READ_TIMEOUT_MS };
    try {
      for await (const lines of readLines(input, options)) {
        for (const { number, text } of lines) {
          if (text.trim() !== '') yield { number, event: parse(text, number) };
        }
      }
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof LineError ? notAnEvent(error.line, error.message) : error;
    } finally {
      input.destroy();
    }
  }

  private pathOf(name: string): string {
    return join(this.folder ?? '', `${name}${SUFFIX}`);
  }

  /** A link could lead out of the folder. */
  private isFile(name: string): boolean {
    if (this.folder === undefined) return false;
    return lstatSync(this.pathOf(name), { throwIfNoEntry: false })?.isFile() ?? false;
  }
}

function parse(text: string, number: number): EventInput {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    if (!(error instanceof ValidationFailedError)) throw error;
    throw notAnEvent(number, reasonOf(error));
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as EventInput;
  throw notAnEvent(number, 'it must be a JSON object');
}

function reasonOf({ violations: [first] }: ValidationFailedError): string {
  return [first?.path, first?.message].filter(Boolean).join(': ');
}

function notAnEvent(line: number, reason: string): RunFailedError {
  return new RunFailedError(`line ${line} of the recording is not an event`, { line, reason });
}
