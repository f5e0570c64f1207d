import { Shown, type Showable, shown, toShown } from './shown.js';

const GAP = '  ';

/** Lines with columns as wide as what stands in them; the last column is not filled up. */
export function table(head: readonly string[], rows: readonly (readonly Showable[])[]): Shown[] {
  const cells = rows.map((row) => row.map(toShown));
  const widths = head.map((name, n) => Math.max(name.length, ...cells.map((row) => row[n]?.width ?? 0)));
  const line = (row: readonly Shown[]): Shown =>
    Shown.join(
      row.map((cell, n) => (n === row.length - 1 ? cell : cell.padEnd(widths[n] ?? 0))),
      GAP,
    );
  return [line(head.map((name) => shown`${name}`)).in('dim'), ...cells.map(line)];
}

/** Names and values, one pair a line. What has no value is left out. */
export function facts(
  pairs: readonly (readonly [name: string, value: Showable | null | undefined])[],
): Shown[] {
  const given = pairs.filter(([, value]) => value != null && value !== '');
  const width = Math.max(0, ...given.map(([name]) => name.length));
  return given.map(([name, value]) => shown`${shown`${name}`.padEnd(width).in('dim')}  ${value ?? ''}`);
}
