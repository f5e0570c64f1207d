import type { IncomingMessage } from 'node:http';
import { parse, type ParsedUrlQuery } from 'node:querystring';
import { checkDto, transformed } from './check-dto.js';
import { NoQuery } from './no-query.js';

/**
 * The query of a request, checked against a class. It is read from the URL, and not taken from `request.query`: that is
 * made by a parser of the application's choice, and passes its global pipes.
 *
 * @throws ValidationFailedError
 *
 * @publicApi
 */
export function readQuery<T extends object>(request: IncomingMessage, Query: new () => T): T {
  const query = parsedQuery(request);
  // Most requests: there is nothing to check.
  return query === NOTHING && (Query as unknown) === NoQuery
    ? new Query()
    : checkDto(query, Query, transformed);
}

/** The query as it was sent. A parameter that is given more than once is a list. */
export function parsedQuery({ url = '' }: IncomingMessage): ParsedUrlQuery {
  const start = url.indexOf('?');
  return start < 0 ? NOTHING : parse(url.slice(start + 1), '&', '=', { maxKeys: 0 });
}

const NOTHING: ParsedUrlQuery = {};
