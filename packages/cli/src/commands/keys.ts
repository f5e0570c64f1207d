import type { Command } from 'commander';
import type { AnswerOf } from '@runstream/client';
import { durationOf, listOf, wholeNumber } from '../input/values.js';
import { cut, type Shown, shown, type Showable } from '../render/shown.js';
import { table } from '../render/table.js';
import { ago } from '../render/time.js';
import type { Session } from '../session.js';
import { collect, upTo } from './pages.js';
import type { Perform } from './perform.js';

type Key = AnswerOf<'listKeys'>['keys'][number];

interface NewKey {
  name: string;
  scopes: string[];
  expiresIn?: number;
}

const HEAD = ['KEY', 'STANDS', 'CREATED', 'LAST USED', 'SCOPES', 'NAME'];

export function addKeys(program: Command, perform: Perform): void {
  const keys = program.command('keys').description('List, make and revoke API keys of the tenant.');
  keys
    .command('list', { isDefault: true })
    .description('List them, newest first.')
    .option('-n, --limit <n>', 'so many at most', wholeNumber(1, 10_000), 100)
    .action(({ limit }: { limit: number }) => perform((session) => list(session, limit)));
  keys
    .command('create')
    .description('Make one, and print it this once.')
    .requiredOption('--name <name>', 'whose it is, or what it is for')
    .requiredOption(
      '--scopes <a,b>',
      'of runs:read, runs:write, runs:execute, events:handle, consumers:admin, keys:admin',
      listOf,
    )
    .option(
      '--expires-in <time>',
      'for how long it is good, like 12h; as long as your own unless given',
      durationOf,
    )
    .action((options: NewKey) => perform((session) => create(session, options)));
  keys
    .command('revoke')
    .description('End one, and the streams that it opened.')
    .argument('<id>', 'its id, as in the list')
    .action((id: string) =>
      perform(async ({ client, out, signal }) => {
        await client.keys.revoke(id, { signal });
        await out.either({ id, revoked: true }, () => [shown`${id} is revoked.`]);
      }),
    );
}

async function list({ client, out, signal }: Session, limit: number): Promise<void> {
  const keys = upTo(limit, async (place) => {
    const page = await client.keys.list(place, { signal });
    return { items: page.keys, next: page.next_cursor };
  });
  if (out.isJson) {
    for await (const key of keys) await out.json(key);
    return;
  }
  const all = await collect(keys);
  if (all.length === 0) return out.note(shown`The tenant has no keys.`);
  await out.line(...table(HEAD, all.map(row)));
}

function row(key: Key): Showable[] {
  const used = ago(key.last_used_at) ?? 'never';
  return [key.id, standing(key), ago(key.created_at) ?? '', used, key.scopes.join(','), cut(key.name, 100)];
}

function standing({ revoked_at, expires_at }: Key): Shown {
  if (revoked_at !== null) return shown`revoked`.in('red');
  const isOver = expires_at !== null && Date.parse(expires_at) <= Date.now();
  return isOver ? shown`expired`.in('red') : shown`good`.in('green');
}

async function create({ client, out, signal }: Session, { name, scopes, expiresIn }: NewKey): Promise<void> {
  const ttl = expiresIn === undefined ? {} : { ttl_seconds: Math.ceil(expiresIn / 1000) };
  const made = await client.keys.create({ name, scopes, ...ttl }, { signal });
  await out.either(made, () => [shown`${made.key}`]);
  await out.note(
    shown`Key ${made.id} of ${made.tenant_id}: ${made.scopes.join(', ')}. It is shown this once.`,
  );
}
