import type { IncomingMessage } from 'node:http';
import { JSON_MEDIA_TYPE, NDJSON_MEDIA_TYPE } from './media-types.js';

export interface ContentType {
  /** Lower case, without parameters: `application/json`. */
  media: string;
  /** Lower case; undefined when not given. */
  charset?: string;
}

function parseContentType(header: string | undefined): ContentType | undefined {
  if (!header) return undefined;
  // Most requests.
  if (header === JSON_MEDIA_TYPE) return { media: JSON_MEDIA_TYPE };
  const [media = '', ...parameters] = header.toLowerCase().split(';');
  for (const parameter of parameters) {
    const match = /^\s*charset\s*=\s*"?([^"\s]*)"?\s*$/.exec(parameter);
    if (match) return { media: media.trim(), charset: match[1] ?? '' };
  }
  return { media: media.trim() };
}

/** What the body of a request is said to be. Express's `request.is()` asks for a body, too. */
export function contentTypeOf({ headers }: IncomingMessage): ContentType | undefined {
  return parseContentType(headers['content-type']);
}

export function isNdjson(request: IncomingMessage): boolean {
  return contentTypeOf(request)?.media === NDJSON_MEDIA_TYPE;
}
