import type { Response } from 'express';
import { concatBytes } from '../../common/index.js';
import type { EncodedEvent } from '../../event-store/index.js';
import { type AnswerRoom, lifeOf, RequestCutError } from '../../http/index.js';
import { type PageEnd, READ_BYTES } from './fill-page.js';

/** What stands around the events of a page, as JSON. */
export interface Envelope {
  /** Before the list of events: `{"run_id":"…",`, or `{`. */
  head: string;
  /** After `count`; it begins with a comma and ends with the brace. */
  tail: (end: PageEnd) => string;
}

/**
 * Answers with a page as it is read: about a mebibyte of it is held at a time, however large it is and however slowly
 * the client takes it. The events are JSON already: they are copied, not parsed and printed again.
 *
 * @throws what the first reading throws; after that the page ends early
 */
export async function sendPage(
  response: Response,
  room: AnswerRoom,
  page: AsyncGenerator<EncodedEvent[], PageEnd, undefined>,
  { head, tail }: Envelope,
): Promise<void> {
  const life = lifeOf(response.req);
  await room.take(response.req, READ_BYTES);
  let count = 0;
  let parts: (string | Buffer)[] = [`${head}"events":[`];
  for (;;) {
    const { value, done } = await page.next();
    if (life.over) throw new RequestCutError('aborted');
    if (done) {
      parts.push(`],"count":${count}${tail(value)}`);
      break;
    }
    if (count > 0) {
      // There is more: what was there is sent first.
      await write(response, concatBytes(parts));
      parts = [','];
    }
    for (const [i, { json }] of value.entries()) {
      if (i > 0) parts.push(',');
      parts.push(json);
    }
    count += value.length;
  }
  const rest = concatBytes(parts);
  if (!response.headersSent) {
    response.setHeader('Content-Type', 'application/json; charset=utf-8');
    response.setHeader('Content-Length', rest.length);
  }
  response.end(rest);
}

/** An id as JSON. */
export function quoted(id: string | undefined): string {
  return id === undefined ? 'null' : `"${id}"`;
}

/** Writes, and waits until the client has taken it, or is gone. */
function write(response: Response, bytes: Buffer): Promise<void> {
  if (!response.headersSent) response.setHeader('Content-Type', 'application/json; charset=utf-8');
  if (response.write(bytes)) return Promise.resolve();
  return new Promise((resolve) => {
    const settle = (): void => {
      response.off('drain', settle);
      forget();
      resolve();
    };
    response.once('drain', settle);
    const forget = lifeOf(response.req).onEnd(settle);
  });
}
