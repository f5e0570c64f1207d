import { CommanderError } from 'commander';
import type { Readable, Writable } from 'node:stream';
import type { Perform } from './commands/perform.js';
import { EXIT, type ExitCode } from './exit-code.js';
import { failureOf } from './failure.js';
import { fromFolder, fromProfile, fromVariables, profilesFile } from './input/files.js';
import { type Target, targetOf } from './input/target.js';
import { Output } from './output.js';
import { buildProgram, type CommonOptions } from './program.js';
import { shown } from './render/shown.js';
import { openSession, type Session } from './session.js';

/** A stream to a terminal, or to something else. */
export type Screen = Writable & { isTTY?: boolean };

/** What a process has, so that a test can have another one. */
export interface Surroundings {
  environment: NodeJS.ProcessEnv;
  /** Where `.env` is looked for. */
  folder: string;
  stdin: Readable;
  stdout: Screen;
  stderr: Screen;
  version: string;
  /** Ctrl-C. */
  signal: AbortSignal;
}

/** Carries out a command line. It throws defects of this program alone. */
export async function run(args: readonly string[], surroundings: Surroundings): Promise<ExitCode> {
  const { stdout, stderr, version } = surroundings;
  let code: ExitCode = EXIT.ok;
  const perform: Perform = async (work) => {
    code = await carryOut(program.opts<CommonOptions>(), surroundings, work);
  };
  const program = buildProgram(version, perform, {
    writeOut: (text) => stdout.write(text),
    writeErr: (text) => stderr.write(text),
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
}

async function carryOut(
  options: CommonOptions,
  { environment, folder, stdin, stdout, stderr, signal }: Surroundings,
  work: (session: Session) => Promise<ExitCode | void>,
): Promise<ExitCode> {
  const isJson = options.json === true;
  const colours = {
    stdout: !isJson && hasColours(stdout, environment),
    stderr: hasColours(stderr, environment),
  };
  const out = new Output({ stdout, stderr, colours, isJson });
  let url = '';
  try {
    const target = await findTarget(options, environment, folder);
    url = target.url;
    return (await work(openSession(target, { out, stdin, signal }))) ?? EXIT.ok;
  } catch (error) {
    // Whatever else came of a Ctrl-C.
    const failure = failureOf(signal.aborted ? signal.reason : error, url);
    if (!failure) throw error;
    if (failure.text.width > 0) await out.note(shown`runstream: ${failure.text}`);
    return failure.code;
  }
}

async function findTarget(
  { url, key, tenant, profile }: CommonOptions,
  environment: NodeJS.ProcessEnv,
  folder: string,
): Promise<Target> {
  const isProfileNamed = profile !== undefined;
  return targetOf({
    options: { url, key, tenant },
    environment: fromVariables(environment),
    folder: isProfileNamed ? {} : await fromFolder(folder),
    profile: await fromProfile(profilesFile(environment), profile),
    isProfileNamed,
  });
}

function hasColours({ isTTY = false }: Screen, environment: NodeJS.ProcessEnv): boolean {
  return isTTY && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb';
}
