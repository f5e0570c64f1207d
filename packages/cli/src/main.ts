#!/usr/bin/env node
import { CommanderError } from 'commander';
import { readFileSync } from 'node:fs';
import { EXIT, type ExitCode } from './exit-code.js';
import { failureOf, Interrupted } from './failure.js';
import { fromFolder, fromProfile, fromVariables, profilesFile } from './input/files.js';
import { type Target, targetOf } from './input/target.js';
import { Output } from './output.js';
import { buildProgram, type CommonOptions } from './program.js';
import { shown } from './render/shown.js';
import { openSession, type Session } from './session.js';

const SAME_SIGNAL_MS = 500;

const environment = process.env;
const interrupted = new AbortController();

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', ({ code }: NodeJS.ErrnoException) => {
    // Whoever reads it has seen enough, as `head`: there is nobody to tell.
    if (code === 'EPIPE') process.exit(EXIT.closedPipe);
    process.exit(EXIT.failed);
  });
}
let interruptedAt = Infinity;
process.on('SIGINT', () => {
  // The second one waits for nothing; npx passes one on that the terminal has sent already.
  if (Date.now() - interruptedAt > SAME_SIGNAL_MS) process.exit(EXIT.interrupted);
  if (interrupted.signal.aborted) return;
  interruptedAt = Date.now();
  interrupted.abort(new Interrupted());
  // Its next line may never come.
  process.stdin.destroy();
});

const program = buildProgram(ownVersion(), async (work) => {
  process.exitCode = await run(program.opts<CommonOptions>(), work);
});

async function run(
  options: CommonOptions,
  work: (session: Session) => Promise<ExitCode | void>,
): Promise<ExitCode> {
  const isJson = options.json === true;
  const colours = { stdout: !isJson && hasColours(process.stdout), stderr: hasColours(process.stderr) };
  const out = new Output({ stdout: process.stdout, stderr: process.stderr, colours, isJson });
  let url = '';
  try {
    const target = await findTarget(options);
    url = target.url;
    const session = openSession(target, { out, stdin: process.stdin, signal: interrupted.signal });
    return (await work(session)) ?? EXIT.ok;
  } catch (error) {
    const failure = failureOf(interrupted.signal.aborted ? interrupted.signal.reason : error, url);
    if (!failure) throw error;
    if (failure.text.width > 0) await out.note(shown`runstream: ${failure.text}`);
    return failure.code;
  }
}

async function findTarget({ url, key, tenant, profile }: CommonOptions): Promise<Target> {
  const isProfileNamed = profile !== undefined;
  return targetOf({
    options: { url, key, tenant },
    environment: fromVariables(environment),
    folder: isProfileNamed ? {} : await fromFolder(process.cwd()),
    profile: await fromProfile(profilesFile(environment), profile),
    isProfileNamed,
  });
}

function hasColours(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb';
}

function ownVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
}
