import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { run } from '../../packages/cli/src/run.js';
import { bundleOf } from '../support/bundle-of.js';
import { eventually } from '../support/eventually.js';

export interface CliOptions {
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Written to its stdin, which is then ended. Default: an empty one. */
  stdin?: string;
  /** Leaves its stdin to the test. Only of a process. */
  isOpen?: true;
}

export interface Cli {
  readonly process: ChildProcess;
  readonly stdout: string;
  readonly stderr: string;
  /** Waits for what it prints, on either stream. */
  until(pattern: RegExp): Promise<void>;
  exit(): Promise<number | NodeJS.Signals | null>;
}

/** What a terminal obeys, or what turns text around: of data nothing of it may be printed. */
export const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

/** Where it has no `.env` and no profiles, whatever the machine has. */
const EMPTY = mkdtempSync(join(tmpdir(), 'runstream-cli-'));

/** Starts `runstream` as a process, with nothing of this process's environment. */
export function startCli(
  args: readonly string[],
  { env = {}, cwd = EMPTY, stdin = '', isOpen }: CliOptions = {},
): Cli {
  const program = bundleOf(process.env['TEST_COMPILED_DIR'] ?? '', 'packages/cli/src/main.ts');
  const child = spawn(process.execPath, [program, ...args], {
    cwd,
    env: { PATH: process.env['PATH'], HOME: EMPTY, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // It may end before it has read all.
  child.stdin.on('error', () => undefined);
  if (!isOpen) child.stdin.end(stdin);
  const printed = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (printed.stderr += text));
  const closed = once(child, 'close');
  return {
    process: child,
    get stdout() {
      return printed.stdout;
    },
    get stderr() {
      return printed.stderr;
    },
    until: (pattern) =>
      eventually(`${args.join(' ')} prints ${pattern}`, () => {
        if (pattern.test(printed.stdout) || pattern.test(printed.stderr)) return true;
        if (child.exitCode === null) return false;
        throw new Error(`It ended without printing ${pattern}:\n${printed.stdout}\n${printed.stderr}`);
      }),
    exit: async () => {
      await closed;
      return child.signalCode ?? child.exitCode;
    },
  };
}

/**
 * Runs it in the test's own process, on sockets as real: a start takes a tenth of the processor time. For what it
 * prints and ends with; what is told of processes (signals, pipes that are closed) needs one.
 */
export async function cli(args: readonly string[], { env = {}, cwd = EMPTY, stdin = '' }: CliOptions = {}) {
  const printed = { stdout: '', stderr: '' };
  const screen = (name: keyof typeof printed) =>
    new Writable({
      decodeStrings: false,
      write: (text: string, _encoding, written) => {
        printed[name] += text;
        written();
      },
    });
  const code = await run(args, {
    // Without one of its own it would look for profiles in this user's home.
    environment: { XDG_CONFIG_HOME: EMPTY, ...env },
    folder: cwd,
    stdin: Readable.from(stdin === '' ? [] : [stdin]),
    stdout: screen('stdout'),
    stderr: screen('stderr'),
    version: '1.2.3',
    signal: new AbortController().signal,
  });
  return { code, ...printed };
}

/** Runs it as a process to its end. */
export async function cliProcess(args: readonly string[], options: CliOptions = {}) {
  const started = startCli(args, options);
  const code = await started.exit();
  return { code, stdout: started.stdout, stderr: started.stderr };
}
