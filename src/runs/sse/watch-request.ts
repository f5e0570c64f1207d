import type { Request, Response } from 'express';
import type { OutgoingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import type { JournalCursor } from '../../event-store/index.js';
import { type EventId, type EventTypeFilter, type EventTypeRegistry } from '../../events/index.js';
import { EVENT_STREAM_MEDIA_TYPE, NoContent, readQuery } from '../../http/index.js';
import { StreamQuery } from '../dto/queries.dto.js';

/** What a watcher asks for, checked against the log. */
export interface WatchRequest<Cursor = EventId> {
  query: StreamQuery;
  after: Cursor;
  filter: EventTypeFilter | undefined;
  /** Whether its cursor is to be told at once, since no event may come that tells it. */
  announceCursor: boolean;
  /** What the framework pipes into the response, as soon as it does. */
  framework?: Duplex;
}

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- the way Express offers to extend its request
  namespace Express {
    interface Request {
      /** Set by the guard of a stream. */
      watch?: WatchRequest;
      /** The same of a stream of all runs. */
      journalWatch?: WatchRequest<JournalCursor>;
    }
  }
}

/**
 * Reads what a watcher asks for. It belongs into a guard: those come before interceptors, behind which the framework
 * has begun the response, and an error could no longer be a status.
 *
 * @param parse reads a cursor; throws InvalidEventIdError
 * @param locate where in the log the start is
 * @param Query the query's class, for streams with parameters of their own
 * @throws ValidationFailedError, InvalidEventIdError, UnknownEventTypeError, NoContent, and what `locate` throws
 */
export async function readWatchRequest<Cursor>(
  request: Request,
  types: EventTypeRegistry,
  parse: (text: string, name: string) => Cursor,
  locate: (start: Cursor | 'start' | 'tail') => Promise<{ after: Cursor; over: boolean }>,
  Query: new () => StreamQuery = StreamQuery,
): Promise<WatchRequest<Cursor>> {
  const query = readQuery(request, Query);
  const filter = both(types.parseFilter(query.type), types.parseFilter(request.principal?.stream?.types));
  const header = request.get('Last-Event-ID') || undefined;
  const start = watchStart(header, query, parse);
  const announceCursor = filter !== undefined || start === 'tail';
  const { after, over } = await locate(start);
  if (over) throw new NoContent();
  const watch: WatchRequest<Cursor> = { query, after, filter, announceCursor };
  // Where there are interceptors, the framework pipes before it calls the handler.
  request.res?.once('pipe', (stream: Duplex) => (watch.framework = stream));
  if (request.res) beginAsWeDo(request.res);
  return watch;
}

/** The framework names no charset, and begins with an empty line, which is a message to some clients. */
function beginAsWeDo(response: Response): void {
  const writeHead = response.writeHead.bind(response);
  const write = response.write.bind(response) as (...all: unknown[]) => boolean;
  response.writeHead = ((status: number, headers?: OutgoingHttpHeaders) => {
    response.writeHead = writeHead;
    response.write = (...all: unknown[]) => {
      response.write = write;
      return all[0] === '\n' || write(...all);
    };
    return writeHead(status, { ...headers, 'Content-Type': EVENT_STREAM_MEDIA_TYPE });
  }) as typeof writeHead;
}

/** @throws InvalidEventIdError */
function watchStart<Cursor>(
  header: string | undefined,
  query: StreamQuery,
  parse: (text: string, name: string) => Cursor,
): Cursor | 'start' | 'tail' {
  if (header !== undefined) return parse(header, 'Last-Event-ID');
  if (query.lastEventId !== undefined) return parse(query.lastEventId, 'lastEventId');
  if (query.last_event_id !== undefined) return parse(query.last_event_id, 'last_event_id');
  return query.from;
}

/** What passes two filters; undefined, as ever, lets everything pass. */
function both(a: EventTypeFilter | undefined, b: EventTypeFilter | undefined): EventTypeFilter | undefined {
  return a && b ? (type) => a(type) && b(type) : (a ?? b);
}
