import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EventInput } from '../conformance/model.js';

/** Events that a real run once had, one a line, as its producer would append them. */
export interface Recording {
  name: string;
  file: string;
  events: EventInput[];
}

const MADE_UP = fileURLToPath(new URL('../fixtures/made-up-run.ndjson', import.meta.url));

/**
 * The small made-up recording, and those of a folder that may lie beside the checkout; `RECORDINGS_DIR` names
 * another one.
 */
export function findRecordings(): Recording[] {
  const folder = process.env['RECORDINGS_DIR'] ?? resolve('..', 'shared', 'data', 'recordings');
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.ndjson')) : [];
  return [MADE_UP, ...names.sort().map((name) => join(folder, name))].map((file) => ({
    name: basename(file, '.ndjson'),
    file,
    events: readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => JSON.parse(line) as EventInput),
  }));
}
