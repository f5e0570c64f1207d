import type { Outcome } from './watching.js';

/** Rows by their names, in columns that are filled one after another. */
export class Table {
  private readonly columns: string[] = [];
  private readonly rows = new Map<string, Map<string, string>>();

  constructor(private readonly title: string) {}

  put(row: string, column: string, cell: string): void {
    if (!this.columns.includes(column)) this.columns.push(column);
    const cells = this.rows.get(row) ?? new Map<string, string>();
    this.rows.set(row, cells.set(column, cell));
  }

  /** As Markdown. */
  text(): string {
    const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
    return (
      line([this.title, ...this.columns]) +
      line([this.title, ...this.columns].map(() => '---')) +
      [...this.rows]
        .map(([name, cells]) => line([name, ...this.columns.map((column) => cells.get(column) ?? '–')]))
        .join('')
    );
  }
}

/** What a client held of what there was, what came again, and how often it asked. */
export function cellOf({ events, again, requests }: Outcome): string {
  return `${events}/${events}, ${again} again, ${requests} req.`;
}
