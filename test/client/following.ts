import type { Follow, FollowItem, RunEvent } from '../../packages/client/src/index.js';

/** What a follower was given, in order. */
export interface Followed {
  readonly items: FollowItem[];
  readonly events: RunEvent[];
  readonly sequences: number[];
  /** Kinds of the items, but for events; of a state its name. */
  readonly told: string[];
}

/** Follows to the end. `until` ends it before, `onItem` may do something meanwhile. */
export async function followed(
  follow: Follow,
  {
    until = () => false,
    onItem,
  }: { until?: (followed: Followed) => boolean; onItem?: (item: FollowItem) => unknown } = {},
): Promise<Followed> {
  const result: Followed = { items: [], events: [], sequences: [], told: [] };
  for await (const item of follow) {
    result.items.push(item);
    if (item.kind === 'event') {
      result.events.push(item.event);
      result.sequences.push(item.event.sequence);
    } else result.told.push(item.kind === 'state' ? item.state : item.kind);
    await onItem?.(item);
    if (until(result)) break;
  }
  return result;
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
