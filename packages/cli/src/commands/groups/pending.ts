import type { Command } from 'commander';
import type { AnswerOf } from '@runstream/client';
import { wholeNumber } from '../../input/values.js';
import { cut, type Showable, shown } from '../../render/shown.js';
import { table } from '../../render/table.js';
import { duration } from '../../render/time.js';
import type { Session } from '../../session.js';
import { collect, upTo } from '../pages.js';
import type { Perform } from '../perform.js';

type Pending = AnswerOf<'listPending'>['pending'][number];

const HEAD = ['ENTRY', 'STATE', 'AGE', 'ATTEMPTS', 'NEXT TRY', 'TYPE', 'RUN', 'CONSUMER', 'LAST ERROR'];

export function addPending(program: Command, perform: Perform): void {
  program
    .command('pending')
    .description('List what a group was given and has no outcome for, oldest first.')
    .argument('<group>', 'its name')
    .option('-n, --limit <n>', 'so many at most', wholeNumber(1, 10_000), 20)
    .action((group: string, { limit }: { limit: number }) =>
      perform((session) => pending(session, group, limit)),
    );
}

async function pending({ client, out, signal }: Session, group: string, limit: number): Promise<void> {
  const items = upTo(limit, async (place) => {
    const page = await client.consumers.pending(group, place, { signal });
    return { items: page.pending, next: page.next_cursor };
  });
  if (out.isJson) {
    for await (const item of items) await out.json(item);
    return;
  }
  const all = await collect(items);
  if (all.length === 0) return out.note(shown`Nothing is pending in ${group}.`);
  await out.line(...table(HEAD, all.map(row)));
}

function row({
  entry,
  state,
  age_ms,
  attempts,
  next_try_at,
  type,
  run_id,
  consumer,
  last_error,
}: Pending): Showable[] {
  const inMs = next_try_at === null ? undefined : Date.parse(next_try_at) - Date.now();
  const next = inMs === undefined ? '–' : inMs <= 0 ? 'now' : `in ${duration(inMs)}`;
  const error = last_error === null ? '–' : cut(last_error, 200).in('red');
  return [
    entry,
    state,
    duration(age_ms),
    attempts,
    next,
    type ?? '–',
    run_id ?? '–',
    cut(consumer, 60),
    error,
  ];
}
