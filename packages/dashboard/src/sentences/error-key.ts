const MAX_LENGTH = 300;

/**
 * What errors of one cause have in common: ids, addresses and numbers differ from one to the next. Only the first line,
 * since what follows is a stack.
 */
export function errorKey(error: string): string {
  const [line = ''] = error.trim().split('\n', 1);
  return line
    .slice(0, MAX_LENGTH)
    .replace(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi, '#')
    .replace(/\br\d_[0-9a-z]{20,}\b/g, '#')
    .replace(/\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b/gi, '#')
    .replace(/\d+(?:[.:]\d+)*/g, '#')
    .replace(/\s+/g, ' ');
}

/** What happens again and again: the most frequent key, with its newest full text. */
export function mostFrequent(errors: readonly string[]): { count: number; text: string } | undefined {
  const found = new Map<string, { count: number; text: string }>();
  for (const text of errors) {
    const key = errorKey(text);
    const before = found.get(key);
    found.set(key, { count: (before?.count ?? 0) + 1, text });
  }
  return [...found.values()].sort((a, b) => b.count - a.count)[0];
}
