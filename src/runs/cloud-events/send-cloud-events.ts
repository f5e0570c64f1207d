import type { Response } from 'express';
import type { EncodedEvent } from '../../event-store/index.js';
import { formatEventId } from '../../events/index.js';
import { type AnswerRoom, lifeOf, RequestCutError } from '../../http/index.js';
import { type PageEnd, pageStart, READ_BYTES } from '../history/fill-page.js';
import { cloudEventJson } from './cloud-event-json.js';
import { CLOUD_EVENTS_MEDIA_TYPE } from './takes-cloud-events.js';

/** In words alone: of two media types, generated clients make answers that are either. */
export const ALSO_CLOUD_EVENTS =
  'With `application/cloudevents-batch+json` in `Accept` a page is a batch of CloudEvents 1.0, and `Link` leads to the next.';
export const LINK_HEADER = {
  Link: {
    description: 'Of a batch of CloudEvents that is not the last: the next one, `rel="next"`.',
    schema: { type: 'string' as const },
  },
};

/**
 * Answers with a page as a batch of CloudEvents. A batch has no place for where the next page begins, so that stands in
 * a header (https://www.rfc-editor.org/rfc/rfc8288), and a page is what one reading gives: its end is known first.
 *
 * @throws what reading throws
 */
export async function sendCloudEvents(
  response: Response,
  room: AnswerRoom,
  page: AsyncGenerator<EncodedEvent[], PageEnd, undefined>,
  order: 'asc' | 'desc',
): Promise<void> {
  const { req: request } = response;
  const life = lifeOf(request);
  await room.take(request, 2 * READ_BYTES);
  const first = await page.next();
  const then = first.done ? first : await page.next();
  if (life.over) throw new RequestCutError('aborted');
  const events = first.done ? [] : first.value;
  const next = then.done ? then.value.next : startOf(then.value[0], events.at(-1), order);
  await page.return({ next: undefined, lookedAt: undefined });
  if (next) response.setHeader('Link', `<${nextPage(request.url, order, next)}>; rel="next"`);
  response.setHeader('Content-Type', `${CLOUD_EVENTS_MEDIA_TYPE}; charset=utf-8`);
  response.end(`[${events.map(cloudEventJson).join(',')}]`);
}

/** A query alone: it belongs to the path that was asked for, whatever a proxy or a host made of it. */
function nextPage(url: string, order: 'asc' | 'desc', next: string): string {
  const query = new URLSearchParams(url.split('?', 2)[1]);
  query.set(order === 'asc' ? 'start_id' : 'end_id', next);
  return `?${query.toString()}`;
}

/** Where a page begins with the first event that did not come into this one. */
function startOf(
  event: EncodedEvent | undefined,
  last: EncodedEvent | undefined,
  order: 'asc' | 'desc',
): string | undefined {
  return event && pageStart(event, last?.id, order, event.id !== formatEventId(event.position));
}
