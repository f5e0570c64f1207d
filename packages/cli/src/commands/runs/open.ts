import type { Command } from 'commander';
import { shown } from '../../render/shown.js';
import { linkTo } from '../../session.js';
import type { Perform } from '../perform.js';
import { whichRun } from './which-run.js';

export function addOpen(program: Command, perform: Perform): void {
  program
    .command('open')
    .description('Print the link of the page that shows a run, or all runs.')
    .argument('[run]', 'its id, or - to read that from stdin')
    .option('--latest', 'the newest run')
    .action((run: string | undefined, { latest }: { latest?: true }) =>
      perform(async (session) => {
        const isOne = run !== undefined || latest;
        const link = linkTo(session.url, isOne ? await whichRun(session, run, latest) : undefined);
        await session.out.either({ url: link }, () => [shown`${link}`]);
      }),
    );
}
