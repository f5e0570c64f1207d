import type { Request, Response } from 'express';
import { parsedQuery } from '../input/read-query.js';
import { EVENT_STREAM_MEDIA_TYPE } from '../body/media-types.js';

const CURSOR = /^[0-9]{1,15}-[0-9]{1,15}$/;
const RETRY_MS = 10_000;

/**
 * An EventSource gives up for good on an error status. One that comes back during an outage, when not even its
 * credential can be looked up, is sent away with the cursor it came with, and told to try again later. It learns
 * nothing that it did not bring.
 *
 * @returns false for any other request: it needs its error
 */
export function postponeWatcher(request: Request, response: Response): boolean {
  const alias = parsedQuery(request)['lastEventId'];
  const cursor = request.get('Last-Event-ID') ?? (typeof alias === 'string' ? alias : '');
  if (request.method !== 'GET' || !request.match?.route?.isStream || !CURSOR.test(cursor)) return false;
  response.status(200);
  response.setHeader('Content-Type', EVENT_STREAM_MEDIA_TYPE);
  response.setHeader('Cache-Control', 'no-cache, no-transform');
  response.setHeader('X-Accel-Buffering', 'no');
  const retryMs = Math.round(RETRY_MS * (0.75 + Math.random() / 2));
  response.end(`retry: ${retryMs}\nevent: cursor\ndata: {}\nid: ${cursor}\n\n`);
  return true;
}
