/** The place in its log that a cursor stands for: what is behind its hyphen. NaN for none. */
export function numberOf(cursor: string | undefined): number {
  return Number(cursor?.slice(cursor.indexOf('-') + 1));
}

/** The lowest id that an event after this cursor can have. */
export function idAfter(cursor: string): string {
  return `${cursor.slice(0, cursor.indexOf('-'))}-${numberOf(cursor) + 1}`;
}
