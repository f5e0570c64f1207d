import type { Http } from '../http/http.js';
import { idAfter, numberOf } from './position.js';
import type { AnswerOf, RunEvent } from '../types.js';

const START = '0-0';
const FIRST_LIMIT = 500;
const MAX_LIMIT = 10_000;
const PAGE_CHARS = 2 ** 20;

export interface PagesOptions {
  after: string | undefined;
  /** Whether `after` is that of an event. */
  isEvent: boolean;
  signal: AbortSignal | undefined;
}

/**
 * The events after a cursor, up to the end that there is now. Each page has about 1 MiB, as the one before it lets
 * expect; and it begins with the last event that is held, so that it is known to be of the same log.
 *
 * @returns `hole`, as the last one, when what comes does not continue what is held
 */
export async function* readPages(
  http: Http,
  path: string,
  { after = START, isEvent, signal }: PagesOptions,
): AsyncGenerator<RunEvent | 'hole', void, undefined> {
  let cursor = after;
  let isHeld = isEvent;
  let limit = FIRST_LIMIT;
  for (;;) {
    const query = { start_id: isHeld ? cursor : idAfter(cursor), limit };
    const { value, chars } = await (await http.open('GET', path, { query, signal })).json();
    const page = value as AnswerOf<'listEvents'>;
    if (isHeld && page.events.shift()?.id !== cursor) {
      yield 'hole';
      return;
    }
    for (const event of page.events) {
      if (numberOf(event.id) !== numberOf(cursor) + 1) {
        yield 'hole';
        return;
      }
      cursor = event.id;
      isHeld = true;
      yield event;
    }
    if (page.next_id === null) return;
    // One more, at least, than the one that is held.
    limit = Math.max(2, Math.min(Math.floor((limit * PAGE_CHARS) / chars), 4 * limit, MAX_LIMIT));
  }
}
