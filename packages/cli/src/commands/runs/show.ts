import type { Command } from 'commander';
import type { Run } from '@runstream/client';
import { jsonLine } from '../../render/clean.js';
import { cut, Shown, shown } from '../../render/shown.js';
import { statusOf } from '../../render/status.js';
import { facts } from '../../render/table.js';
import { ago, count } from '../../render/time.js';
import { linkTo, type Session } from '../../session.js';
import type { Perform } from '../perform.js';
import { whyQuiet } from './standing.js';
import { whichRun } from './which-run.js';

const VALUE_WIDTH = 2000;

export function addShow(program: Command, perform: Perform): void {
  program
    .command('show')
    .description('Show a run: how it stands, who has it, what it came to.')
    .argument('[run]', 'its id, or - to read that from stdin')
    .option('--latest', 'the newest run')
    .action((run: string | undefined, { latest }: { latest?: true }) =>
      perform((session) => show(session, run, latest)),
    );
}

async function show(session: Session, name: string | undefined, isLatest = false): Promise<void> {
  const { client, out, url, signal } = session;
  const run = await client.runs.get(await whichRun(session, name, isLatest), {}, { signal });
  if (out.isJson) return out.json(run);
  const why = await whyQuiet(session, run);
  await out.line(...linesOf(run, why, linkTo(url, run.id)));
}

function linesOf(run: Run, why: Shown | undefined, link: string): Shown[] {
  const labels = Object.entries(run.labels).map(([name, value]) => shown`${name}:${value}`);
  const types = Object.entries(run.statistics.events).map(
    ([type, events]) => shown`${type} ${count(events)}`,
  );
  return facts([
    ['run', run.id],
    ['page', link],
    ['task', cut(run.task, VALUE_WIDTH)],
    ['status', why ? shown`${statusOf(run.status)}  ${why}` : statusOf(run.status)],
    ['result', valueOf(run.result)],
    ['error', valueOf(run.error)?.in('red')],
    ['executor', run.attempt > 1 ? shown`${run.executor}, attempt ${run.attempt}` : run.executor],
    ['key', run.key],
    ['labels', labels.length > 0 ? Shown.join(labels, '  ') : undefined],
    ['input', Object.keys(run.input).length > 0 ? valueOf(run.input) : undefined],
    ['tenant', run.tenant_id],
    ['created', timed(run.created_at)],
    ['started', timed(run.started_at)],
    ['last event', timed(run.last_event_at)],
    ['ended', timed(run.completed_at)],
    ['events', types.length > 0 ? shown`${count(run.sequence)}: ${Shown.join(types, ', ')}` : undefined],
    ['events until', run.expires_at],
  ]);
}

function valueOf(value: unknown): Shown | undefined {
  if (value == null) return undefined;
  return cut(typeof value === 'string' ? value : jsonLine(value), VALUE_WIDTH);
}

function timed(time: string | null): Shown | undefined {
  return time === null ? undefined : shown`${time}  ${shown`${ago(time) ?? ''}`.in('dim')}`;
}
