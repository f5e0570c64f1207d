import type { Command } from 'commander';
import { shown } from '../../render/shown.js';
import { statusOf } from '../../render/status.js';
import type { Session } from '../../session.js';
import type { Perform } from '../perform.js';

export function addCancel(program: Command, perform: Perform): void {
  program
    .command('cancel')
    .description('End a run as cancelled.')
    .argument('<run>', 'its id')
    .option('-r, --reason <text>', 'why, for people')
    .action((run: string, options: { reason?: string }) =>
      perform((session) => cancel(session, run, options)),
    );
}

async function cancel(
  { client, out, signal }: Session,
  id: string,
  body: { reason?: string },
): Promise<void> {
  const run = await client.runs.cancel(id, body, { signal });
  await out.either(run, () => [shown`${run.id} ${statusOf(run.status)}`]);
}
