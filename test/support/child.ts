import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { bundleOf } from './bundle-of.js';

export interface Child {
  readonly process: ChildProcess;
  readonly pid: number;
  /** What it has printed so far, on both streams, line by line. */
  readonly lines: readonly string[];
  /** The first line that matches, printed already or yet to come. An error when the process ends without it. */
  line(pattern: RegExp): Promise<string>;
  /** Its exit code, or the signal that ended it. */
  exit(): Promise<number | NodeJS.Signals>;
}

export interface StartChildOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** As the leader of a process group of its own, to which a test can send what a terminal sends. Default: false. */
  group?: boolean;
}

/**
 * Runs a TypeScript file of this project as a process: in a test the bundle that was made of it (compile-programs.ts),
 * else the file itself. Its stdin ends when the test's process does.
 */
export function startScript(file: string, args: string[], options: StartChildOptions = {}): Child {
  const bundles = process.env['TEST_COMPILED_DIR'];
  const program = bundles ? [bundleOf(bundles, file)] : ['--import', '@swc-node/register/esm-register', file];
  return startChild(process.execPath, [...program, ...args], options);
}

export function startChild(command: string, args: string[], options: StartChildOptions = {}): Child {
  const { group = false, ...rest } = options;
  const child = spawn(command, args, { ...rest, detached: group, stdio: ['pipe', 'pipe', 'pipe'] });
  const lines: string[] = [];
  const changes = new Set<() => void>();
  const change = (): void => {
    for (const check of [...changes]) check();
  };
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => {
      lines.push(line);
      change();
    });
  }
  // `close`: all that was printed has been read.
  const closed = once(child, 'close');
  closed.then(change, change);

  return {
    process: child,
    lines,
    get pid() {
      if (child.pid === undefined) throw new Error(`${command} did not start.`);
      return child.pid;
    },
    line: async (pattern) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const found = lines.find((line) => pattern.test(line));
          const over = child.stdout.closed && child.stderr.closed;
          if (found === undefined && !over) return;
          changes.delete(check);
          if (found !== undefined) resolve(found);
          else reject(new Error(`The process ended without printing ${pattern}:\n${lines.join('\n')}`));
        };
        changes.add(check);
        check();
      }),
    exit: async () => {
      await closed;
      return child.signalCode ?? child.exitCode ?? 0;
    },
  };
}
