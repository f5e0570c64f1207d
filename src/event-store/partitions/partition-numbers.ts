/** Into how many partitions the runs of a tenant are spread. */
export interface PartitionNumbers {
  /** So many are read. */
  readonly read: number;
  /** Over so many new runs are spread; fewer than are read while a raise is under way. */
  readonly write: number;
  /** Over how many they were spread, and since when, in ms of Redis's clock; oldest first. */
  readonly history: readonly { readonly sinceMs: number; readonly write: number }[];
}

export const ONE_PARTITION: PartitionNumbers = { read: 1, write: 1, history: [{ sinceMs: 0, write: 1 }] };

const FORM = /^(\d+) (\d+) (\d+:\d+(?:,\d+:\d+)*)$/;

/** As raise-partitions.lua writes it. What can't be read counts as one. */
export function readPartitionNumbers(text: string): PartitionNumbers {
  const [, read, write, history = ''] = FORM.exec(text) ?? [];
  if (read === undefined) return ONE_PARTITION;
  return {
    read: Number(read),
    write: Number(write),
    history: history.split(',').map((entry) => {
      const [sinceMs, number] = entry.split(':');
      return { sinceMs: Number(sinceMs), write: Number(number) };
    }),
  };
}

/** Those of a tenant for which the number of all and one of its own hold: the higher one at any time. */
export function higherOf(a: PartitionNumbers, b: PartitionNumbers): PartitionNumbers {
  const times = [...new Set([...a.history, ...b.history].map(({ sinceMs }) => sinceMs))].sort(
    (x, y) => x - y,
  );
  return {
    read: Math.max(a.read, b.read),
    write: Math.max(a.write, b.write),
    history: times.map((sinceMs) => ({
      sinceMs,
      write: Math.max(writtenAt(a, sinceMs), writtenAt(b, sinceMs)),
    })),
  };
}

/** Over how many partitions runs were spread since then, the number of that time first, the present one last. */
export function writtenSince({ history, write }: PartitionNumbers, sinceMs: number): number[] {
  const first = history.findLast((entry) => entry.sinceMs <= sinceMs);
  const later = history.filter((entry) => entry.sinceMs > sinceMs);
  return [...new Set([...(first ? [first.write] : []), ...later.map((entry) => entry.write), write])].sort(
    (a, b) => a - b,
  );
}

function writtenAt({ history }: PartitionNumbers, ms: number): number {
  return history.findLast(({ sinceMs }) => sinceMs <= ms)?.write ?? 1;
}
