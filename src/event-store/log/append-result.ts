import { shownName } from '../dispatch/worker-names.js';
import {
  FenceLostError,
  IdempotencyConflictError,
  RunEndedError,
  RunHasExecutorError,
  RunNotFoundError,
  SequenceConflictError,
} from '../../common/index.js';
import { parseEventId } from '../../events/index.js';

/** What became of events that were appended. @publicApi */
export interface AppendResult {
  /** Events that are new in the log. */
  count: number;
  /** Events that were there already, by their idempotency key. */
  duplicates: number;
  /** One id for each event, in order; that of the first occurrence for a duplicate. */
  ids: string[];
  /** The answer to an earlier request with the same idempotency key. */
  replayed: boolean;
}

/** What append.lua answers. @throws the error that it stands for */
export function readAppendReply(
  runId: string,
  events: number,
  [state, ...rest]: [string, ...(string | number)[]],
): AppendResult {
  switch (state) {
    case 'OK':
      return appendResult(rest, events, false);
    case 'REPLAYED':
      return appendResult(JSON.parse(String(rest[1])) as (string | number)[], events, true);
    case 'NOT_FOUND':
      throw new RunNotFoundError();
    case 'CONFLICT':
      throw new IdempotencyConflictError();
    case 'EXECUTOR':
      throw new RunHasExecutorError(shownName(String(rest[0])));
    case 'FENCED':
      throw new FenceLostError(runId);
    case 'ENDED':
      throw new RunEndedError(String(rest[0]));
    case 'SEQUENCE':
      throw new SequenceConflictError(Number(rest[0]));
    default:
      throw new Error(`The append script answered "${state}".`);
  }
}

function appendResult(
  [count, duplicates, ...ids]: (string | number)[],
  events: number,
  replayed: boolean,
): AppendResult {
  const given = ids.map(String);
  return {
    count: Number(count),
    duplicates: Number(duplicates),
    ids: given.length === events ? given : idsFrom(given[0] ?? '', events),
    replayed,
  };
}

/** Without duplicates the script gives the first id only: those that follow count up from it. */
function idsFrom(first: string, count: number): string[] {
  const { ms, sequence } = parseEventId(first);
  return Array.from({ length: count }, (_, i) => `${ms}-${sequence + i}`);
}
