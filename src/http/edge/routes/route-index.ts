/** Finds the routes that a path may be for without asking each: most requests of an application are for none of them. */
export class RouteIndex<Entry extends { path: string | undefined }> {
  /** Segments that all paths begin with: a global prefix, a version. */
  private readonly common: readonly string[];
  /** By the segment that follows, each list in the router's order. */
  private readonly bySegment = new Map<string, Entry[]>();
  /** Those that have a name or a pattern there. */
  private readonly anywhere: Entry[] = [];

  constructor(entries: readonly Entry[]) {
    const literal = entries.map(({ path }) => literalSegments(path));
    this.common = literal.reduce(commonStart, literal[0]?.slice(0, -1) ?? []);
    const keys = literal.map((segments) => segments[this.common.length]);
    for (const key of new Set(keys)) {
      if (key === undefined) continue;
      // Whatever else may match there, in order.
      this.bySegment.set(
        key,
        entries.filter((_, i) => keys[i] === undefined || keys[i] === key),
      );
    }
    this.anywhere = entries.filter((_, i) => keys[i] === undefined);
  }

  at(path: string): readonly Entry[] {
    const { length } = this.common;
    const segments = path.split('/', length + 2);
    for (let i = 0; i < length; i++)
      if (segments[i + 1]?.toLowerCase() !== this.common[i]) return this.anywhere;
    return this.bySegment.get(segments[length + 1]?.toLowerCase() ?? '') ?? this.anywhere;
  }
}

/** The segments before the first name or pattern, as Express compares them: in any case. */
function literalSegments(path: string | undefined): string[] {
  if (path === undefined) return [];
  const segments = path.toLowerCase().split('/').slice(1);
  const end = segments.findIndex((segment) => /[:*{(]/.test(segment));
  return end < 0 ? segments : segments.slice(0, end);
}

function commonStart(a: readonly string[], b: readonly string[]): readonly string[] {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return a.slice(0, length);
}
