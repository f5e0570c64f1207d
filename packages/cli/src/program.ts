import { Command, type OutputConfiguration } from 'commander';
import { addAppend } from './commands/runs/append.js';
import { addCancel } from './commands/runs/cancel.js';
import { addDeadLetters } from './commands/groups/dead-letters.js';
import { addDoctor } from './commands/doctor.js';
import { addEvents } from './commands/runs/events.js';
import { addFollow } from './commands/runs/follow.js';
import { addGroups } from './commands/groups/groups.js';
import { addKeys } from './commands/keys.js';
import { addOpen } from './commands/runs/open.js';
import { addPending } from './commands/groups/pending.js';
import type { Perform } from './commands/perform.js';
import { addRuns } from './commands/runs/runs.js';
import { addShow } from './commands/runs/show.js';
import { addStart } from './commands/runs/start.js';

/** Of all commands. */
export interface CommonOptions {
  url?: string;
  key?: string;
  tenant?: string;
  profile?: string;
  json?: true;
}

const AFTER = `
What is not given is looked for in RUNSTREAM_URL, RUNSTREAM_KEY and RUNSTREAM_TENANT, then under these names in .env of
this folder, then in the profile. ~/.config/runstream.json has profiles:
  {"profile": "local", "profiles": {"local": {"url": "http://127.0.0.1:3000", "key": "rs_…", "tenant": "acme"}}}
A key is only sent to an address of its own place, or of one that is asked before it.

Exit codes:
  0  done; the run completed       4  no credentials, or not good for this
  1  refused; the run failed       5  gave up: the time is up, or nobody answers
  2  a mistake in the command      6  events are missing (--strict)
  3  the run was cancelled       130  Ctrl-C: what is followed goes on`;

/** The command line, without what carries it out. */
export function buildProgram(version: string, perform: Perform, output: OutputConfiguration): Command {
  const program = new Command('runstream')
    .configureOutput(output)
    .description('Starts, follows and steers the runs of a Runstream service.')
    .version(version)
    .option('--url <url>', 'where the service is (http://127.0.0.1:3000 unless given)')
    .option('--key <key>', 'an API key, or a token; in RUNSTREAM_KEY no other user of this machine sees it')
    .option('--tenant <id>', 'for whom, where requests name their tenant')
    .option('--profile <name>', 'address, key and tenant from the file of profiles')
    .option('--json', 'JSON for programs, one value a line')
    .addHelpText('after', AFTER)
    .exitOverride()
    .showHelpAfterError('(see --help)');
  const adders = [
    ...[addStart, addFollow, addRuns, addShow, addEvents, addAppend, addCancel],
    ...[addGroups, addPending, addDeadLetters, addKeys, addOpen, addDoctor],
  ];
  for (const add of adders) add(program, perform);
  return program;
}
