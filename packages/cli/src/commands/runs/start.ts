import type { Command } from 'commander';
import type { BodyOf } from '@runstream/client';
import type { ExitCode } from '../../exit-code.js';
import { jsonObject, labelOf } from '../../input/values.js';
import { shown } from '../../render/shown.js';
import { linkTo, type Session } from '../../session.js';
import { followRun } from './follow.js';
import type { Perform } from '../perform.js';

interface StartOptions {
  executor?: string;
  input?: Record<string, unknown>;
  label?: Record<string, string>;
  runKey?: string;
  idempotencyKey?: string;
  follow?: true;
}

export function addStart(program: Command, perform: Perform): void {
  program
    .command('start')
    .description('Start a run and print its id; with --follow, follow it to its end.')
    .argument('<task>', 'what it is to do, for people')
    .option('-x, --executor <name>', 'who does it; without one its events are yours to append')
    .option('-i, --input <json>', 'the input of the executor', jsonObject)
    .option('-l, --label <name:value>', 'to find it by; may be repeated', labelOf)
    .option('--run-key <name>', 'the line of runs that it belongs to, such as a chat')
    .option('--idempotency-key <key>', 'the same one again starts no second run')
    .option('-f, --follow', 'follow it, and end as it ends')
    .action((task: string, options: StartOptions) => perform((session) => start(session, task, options)));
}

async function start(session: Session, task: string, options: StartOptions): Promise<ExitCode | void> {
  const { client, out, url, signal } = session;
  const { executor, input, label, runKey, idempotencyKey } = options;
  const body: BodyOf<'createRun'> = {
    task,
    ...(executor !== undefined && { executor }),
    ...(input && { input }),
    ...(label && { labels: label }),
    ...(runKey !== undefined && { key: runKey }),
  };
  const given = idempotencyKey === undefined ? {} : { idempotencyKey };
  const run = await client.runs.create(body, { signal, ...given });
  if (options.follow) return followRun(session, run, {});
  await out.either(run, () => [shown`${run.id}`]);
  await out.note(shown`${linkTo(url, run.id)}`.in('dim'));
}
