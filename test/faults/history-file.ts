import { openSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** A line of the history that workers write. Times are ms since the epoch, on the one clock of the machine. */
export type HistoryLine =
  | {
      kind: 'begin';
      worker: string;
      at: number;
      group: string;
      event: string;
      token: number;
      attempt: number;
    }
  | { kind: 'end'; worker: string; at: number; group: string; event: string; token: number }
  /** The process did not run for so long, whoever held it up. */
  | { kind: 'stall'; worker: string; from: number; at: number };

/** Wall time with a fraction. It follows no later change of the clock. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

/** Writes lines that survive whatever becomes of the process: each is with the system before the next statement. */
export class HistoryWriter {
  private readonly file: number;

  constructor(
    path: string,
    private readonly worker: string,
  ) {
    this.file = openSync(path, 'a');
  }

  began(group: string, event: string, token: number, attempt: number): void {
    this.write({ kind: 'begin', worker: this.worker, at: now(), group, event, token, attempt });
  }

  ended(group: string, event: string, token: number): void {
    this.write({ kind: 'end', worker: this.worker, at: now(), group, event, token });
  }

  /** Notes when the process did not run for longer than `mostMs`. */
  watchStalls(mostMs: number): NodeJS.Timeout {
    let last = now();
    const watch = setInterval(() => {
      const at = now();
      if (at - last > mostMs) this.write({ kind: 'stall', worker: this.worker, from: last, at });
      last = at;
    }, mostMs / 4);
    return watch.unref();
  }

  private write(line: HistoryLine): void {
    writeSync(this.file, `${JSON.stringify(line)}\n`);
  }
}

export async function readHistory(path: string): Promise<HistoryLine[]> {
  const text = await readFile(path, 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as HistoryLine);
}
