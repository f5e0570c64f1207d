/** So many at most, of all that pages have: a page may be short, or empty, and still have a next one. */
export async function* upTo<T>(
  limit: number,
  page: (query: { limit: number; cursor?: string }) => Promise<{ items: readonly T[]; next: string | null }>,
): AsyncGenerator<T, void, undefined> {
  let left = limit;
  let cursor: string | null | undefined;
  while (left > 0 && cursor !== null) {
    const { items, next } = await page({
      limit: Math.min(left, PAGE_SIZE),
      ...(cursor !== undefined && { cursor }),
    });
    yield* items;
    left -= items.length;
    cursor = next;
  }
}

const PAGE_SIZE = 100;

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
