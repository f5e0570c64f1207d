import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchOptions, Finding, Row } from '../bench.js';

/** Not kept in git: numbers belong to the machine they were taken on. */
export const RESULTS_DIR = fileURLToPath(new URL('../results', import.meta.url));

/** A table in Markdown, so that it can be read here and pasted there. */
export function table(rows: readonly Row[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].map((name) => {
    const cells = rows.map((row) => String(row[name] ?? ''));
    const isText = rows.some((row) => typeof row[name] === 'string' && row[name] !== '');
    return { name, cells, isText, width: Math.max(name.length, ...cells.map((cell) => cell.length)) };
  });
  type Column = (typeof columns)[number];
  const line = (cell: (column: Column) => string): string => `| ${columns.map(cell).join(' | ')} |`;
  const fill = ({ isText, width }: Column, text: string): string =>
    isText ? text.padEnd(width) : text.padStart(width);
  return [
    line((column) => fill(column, column.name)),
    line(({ isText, width }) => (isText ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)),
    ...rows.map((_, i) => line((column) => fill(column, column.cells[i] ?? ''))),
  ].join('\n');
}

/** Writes rows with what one must know to compare them; gives the file's path. */
export async function saveResult(
  name: string,
  options: BenchOptions,
  report: { rows: readonly Row[]; findings?: readonly Finding[] },
): Promise<string> {
  await mkdir(RESULTS_DIR, { recursive: true });
  const takenAt = new Date().toISOString();
  const file = join(RESULTS_DIR, `${name}-${takenAt.replaceAll(':', '')}.json`);
  const machine = {
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    node: process.version,
    platform: process.platform,
    loadAverage: loadavg(),
  };
  const { say: _say, profileDir: _profileDir, ...load } = options;
  const result = { name, takenAt, machine, load, ...report };
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
  return relative(process.cwd(), file);
}
