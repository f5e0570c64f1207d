import { createReadStream, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ValidationFailedError } from '../../../common/index.js';
import type { EventInput } from '../../../events/index.js';
import { RunFailedError } from '../run-failed-error.js';

const SUFFIX = '.ndjson';
/** A name and not a path: neither separators nor a leading dot. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const MAX_LISTED = 50;

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
   * Reads a recording line by line.
   *
   * @throws RunFailedError for a line that is not JSON
   */
  async *read(name: string, signal: AbortSignal): AsyncGenerator<RecordedLine> {
    this.assertThere(name);
    const input = createReadStream(this.pathOf(name), { signal });
    let number = 0;
    try {
      for await (const text of createInterface({ input, crlfDelay: Infinity })) {
        number++;
        if (text.trim() !== '') yield { number, event: parse(text, number) };
      }
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
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as EventInput;
  } catch {
    // Said below.
  }
  throw new RunFailedError(`line ${number} of the recording is not an event`, { line: number });
}
