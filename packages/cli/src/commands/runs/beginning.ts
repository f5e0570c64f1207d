import type { Session } from '../../session.js';
import { UsageError } from '../../failure.js';

/** Where to begin to follow, as it was asked for. */
export interface BeginningOptions {
  from?: 'start' | 'tail';
  /** A cursor. */
  after?: string;
  /** Milliseconds since 1970. */
  since?: number;
  /** So many of the last events first. */
  tail?: number;
  types?: string[];
}

/**
 * The cursor to begin after; undefined to begin where `from` says.
 *
 * @throws UsageError when two places are given
 */
export async function beginningOf(
  { client, signal }: Session,
  runId: string,
  { from, after, since, tail, types }: BeginningOptions,
): Promise<string | undefined> {
  if ([from, after, since, tail].filter((value) => value !== undefined).length > 1) {
    throw new UsageError('Give one of --from, --after, --since and --tail.');
  }
  if (since !== undefined) {
    // An id begins with the time at which its event was appended.
    const query = { end_id: `${since}-0`, order: 'desc', limit: 1 } as const;
    return (await client.runs.events(runId, query, { signal })).events[0]?.id;
  }
  if (tail === undefined) return after;
  const type = types?.join(',');
  const query = { order: 'desc', limit: tail + 1, ...(type !== undefined && { type }) } as const;
  let left = tail;
  for await (const event of client.runs.history(runId, query, { signal })) if (left-- === 0) return event.id;
  return undefined;
}
