import type { Command } from 'commander';
import type { AnswerOf, QueryOf } from '@runstream/client';
import { labelOf, timeOf, wholeNumber } from '../../input/values.js';
import { cut, type Shown, shown } from '../../render/shown.js';
import { statusOf } from '../../render/status.js';
import { table } from '../../render/table.js';
import { ago, count } from '../../render/time.js';
import type { Session } from '../../session.js';
import { collect, upTo } from '../pages.js';
import type { Perform } from '../perform.js';

type RunItem = AnswerOf<'listRuns'>['runs'][number];

interface RunsOptions {
  status?: string;
  active?: true;
  executor?: string;
  task?: string;
  label?: Record<string, string>;
  runKey?: string;
  since?: number;
  limit: number;
}

const TASK_WIDTH = 60;

export function addRuns(program: Command, perform: Perform): void {
  program
    .command('runs')
    .description('List runs, newest first.')
    .option('-s, --status <a,b>', 'only those that stand so: pending, running, completed, failed, cancelled')
    .option('-a, --active', 'only those that are pending or running')
    .option('-x, --executor <name>', 'only those of this executor')
    .option('--task <text>', 'only those whose task holds this text')
    .option('-l, --label <name:value>', 'only those with this label', labelOf)
    .option('--run-key <name>', 'only those of this line of runs')
    .option('--since <time>', 'only those that were created since: a time, or so long ago (10m)', timeOf)
    .option('-n, --limit <n>', 'so many at most', wholeNumber(1, 10_000), 20)
    .action((options: RunsOptions) => perform((session) => listRuns(session, options)));
}

async function listRuns({ client, out, signal }: Session, options: RunsOptions): Promise<void> {
  const { active, executor, task, label = {}, runKey, since, limit } = options;
  const [name] = Object.keys(label);
  const status = active ? 'pending,running' : options.status;
  const query: QueryOf<'listRuns'> = {
    ...(status !== undefined && { status }),
    ...(executor !== undefined && { executor }),
    ...(task !== undefined && { task }),
    ...(name !== undefined && { label: `${name}:${label[name] ?? ''}` }),
    ...(runKey !== undefined && { key: runKey }),
    ...(since !== undefined && { since: new Date(since).toISOString() }),
  };
  const runs = upTo(limit, async (place) => {
    const page = await client.runs.list({ ...query, ...place }, { signal });
    return { items: page.runs, next: page.next_cursor };
  });
  if (out.isJson) {
    for await (const run of runs) await out.json(run);
    return;
  }
  const all = await collect(runs);
  if (all.length === 0) return out.note(shown`No run is like that.`);
  await out.line(...table(['RUN', 'STATUS', 'EXECUTOR', 'EVENTS', 'CREATED', 'TASK'], all.map(row)));
}

function row(run: RunItem): (string | Shown)[] {
  const created = ago(run.created_at) ?? '';
  return [
    run.id,
    statusOf(run.status),
    cut(run.executor, 24),
    count(run.sequence),
    created,
    cut(run.task, TASK_WIDTH),
  ];
}
