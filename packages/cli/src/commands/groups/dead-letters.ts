import type { Command } from 'commander';
import type { AnswerOf } from '@runstream/client';
import { UsageError } from '../../failure.js';
import { listOf, wholeNumber } from '../../input/values.js';
import { typeOf } from '../../render/event-text.js';
import { cut, type Showable, shown } from '../../render/shown.js';
import { table } from '../../render/table.js';
import { ago, count } from '../../render/time.js';
import type { Session } from '../../session.js';
import { collect, upTo } from '../pages.js';
import type { Perform } from '../perform.js';

type DeadLetter = AnswerOf<'listDeadLetters'>['dead_letters'][number];

interface Wanted {
  group?: string;
  types?: string[];
  limit?: number;
}

const HEAD = ['DEAD LETTER', 'DIED', 'ATTEMPTS', 'TYPE', 'RUN', 'ERROR'];
const SHOWN = 20;

export function addDeadLetters(program: Command, perform: Perform): void {
  program
    .command('dead-letters')
    .description('List the events that groups gave up, newest first.')
    .option('-g, --group <name>', 'only those of this group')
    .option('--types <a,b>', 'only these types, like llm.*,lifecycle.completed', listOf)
    .option('-n, --limit <n>', 'so many at most', wholeNumber(1, 10_000), SHOWN)
    .action((options: Wanted) => perform((session) => list(session, options)));
  program
    .command('redrive')
    .description('Send dead letters back to their group: one by its id, or those of a group, oldest first.')
    .argument('[id]', 'of one dead letter')
    .option('-g, --group <name>', 'those of this group')
    .option('--types <a,b>', 'with --group, only these types', listOf)
    .option('-n, --limit <n>', 'with --group, so many at most (1000 unless given)', wholeNumber(1, 10_000))
    .action((id: string | undefined, options: Wanted) => perform((session) => redrive(session, id, options)));
}

async function list(
  { client, out, signal }: Session,
  { group, types, limit = SHOWN }: Wanted,
): Promise<void> {
  const query = { ...(group !== undefined && { group }), ...(types && { type: types.join(',') }) };
  const letters = upTo(limit, async (place) => {
    const page = await client.deadLetters.list({ ...query, ...place }, { signal });
    return { items: page.dead_letters, next: page.next_cursor };
  });
  if (out.isJson) {
    for await (const letter of letters) await out.json(letter);
    return;
  }
  const all = await collect(letters);
  if (all.length === 0) return out.note(shown`There are no dead letters.`);
  await out.line(...table(HEAD, all.map(row)));
}

function row({ id, last_failure_at, attempts, event, run_id, error }: DeadLetter): Showable[] {
  const type = event ? typeOf(event) : '(trimmed)';
  return [id, ago(last_failure_at) ?? '', attempts, type, run_id ?? '–', cut(error, 200).in('red')];
}

async function redrive(
  { client, out, signal }: Session,
  id: string | undefined,
  wanted: Wanted,
): Promise<void> {
  const { group, types, limit } = wanted;
  if ((id === undefined) === (group === undefined)) {
    throw new UsageError('Name a dead letter, or a group with --group, and not both.');
  }
  if (id !== undefined) {
    const answer = await client.deadLetters.redrive(id, { signal });
    return out.either(answer, () => [shown`${id} goes back to its group.`]);
  }
  const body = {
    group: group ?? '',
    ...(types && { type: types.join(',') }),
    ...(limit !== undefined && { limit }),
  };
  const answer = await client.deadLetters.redriveMany(body, { signal });
  const stay = answer.trimmed === 0 ? '' : ` ${count(answer.trimmed)} stay, since their events were trimmed.`;
  await out.either(answer, () => [shown`${count(answer.redriven)} go back to ${group ?? ''}.${stay}`]);
}
