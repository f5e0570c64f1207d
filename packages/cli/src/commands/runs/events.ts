import type { Command } from 'commander';
import type { QueryOf } from '@runstream/client';
import { listOf, timeOf, wholeNumber } from '../../input/values.js';
import { eventLine } from '../../render/event-text.js';
import type { Session } from '../../session.js';
import type { Perform } from '../perform.js';
import { whichRun } from './which-run.js';

interface EventsOptions {
  latest?: true;
  types?: string[];
  since?: number;
  reverse?: true;
  limit?: number;
}

const PAGE_SIZE = 1000;

export function addEvents(program: Command, perform: Perform): void {
  program
    .command('events')
    .description('Print the events that a run has now, a line each, oldest first.')
    .argument('[run]', 'its id, or - to read that from stdin')
    .option('--latest', 'the newest run')
    .option('--types <a,b>', 'only these types, like llm.*,lifecycle.completed', listOf)
    .option('--since <time>', 'only what was appended since: a time, or so long ago (10m)', timeOf)
    .option('-r, --reverse', 'newest first')
    .option('-n, --limit <n>', 'so many at most', wholeNumber(1, 999_999_999))
    .action((run: string | undefined, options: EventsOptions) =>
      perform((session) => printEvents(session, run, options)),
    );
}

async function printEvents(session: Session, run: string | undefined, options: EventsOptions): Promise<void> {
  const { client, out, signal } = session;
  const id = await whichRun(session, run, options.latest);
  const { types, since, reverse, limit = Infinity } = options;
  const query: QueryOf<'listEvents'> = {
    limit: Math.min(limit, PAGE_SIZE),
    order: reverse ? 'desc' : 'asc',
    ...(types && { type: types.join(',') }),
    // An id begins with the time at which its event was appended.
    ...(since !== undefined && { start_id: `${since}-0` }),
  };
  let left = limit;
  for await (const event of client.runs.history(id, query, { signal })) {
    await out.either(event, () => [eventLine(event)]);
    if (--left <= 0) return;
  }
}
