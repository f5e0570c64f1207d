import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { delay } from '../../common/index.js';
import type { ProcessGuard } from './process-guard.js';

const POLL_MS = 20;
/** A killed process is gone at once, unless nobody reaps it: then it is dead all the same. */
const KILL_WAIT_MS = 500;

export interface ProcessGroupOptions {
  cwd: string | undefined;
  env: Readonly<Record<string, string>>;
  killGraceMs: number;
}

/** How the first process of a group ended. */
export interface ProcessExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A program and everything it starts (but for what leaves the group by itself), to be ended together. */
export class ProcessGroup {
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Rejects when the program could not be started. */
  readonly exit: Promise<ProcessExit>;
  private readonly id: number | undefined;
  private ending: Promise<void> | undefined;

  constructor(
    [program, ...args]: readonly [string, ...string[]],
    private readonly options: ProcessGroupOptions,
    private readonly guard: ProcessGuard,
  ) {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env,
      detached: true,
      shell: false,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.stdout = child.stdout;
    this.stderr = child.stderr;
    this.id = child.pid;
    if (this.id !== undefined) guard.add(this.id);
    this.exit = exitOf(child);
    this.exit.catch(() => undefined);
  }

  /** Asks all of it to end (SIGTERM), and kills what is left after the grace time. */
  end(): Promise<void> {
    this.ending ??= this.endAll();
    return this.ending;
  }

  private async endAll(): Promise<void> {
    if (this.id === undefined) return;
    try {
      if (!this.signal('SIGTERM')) return;
      // One that is stopped would never hear it.
      this.signal('SIGCONT');
      if (await this.goneWithin(this.options.killGraceMs)) return;
      this.signal('SIGKILL');
      await this.goneWithin(KILL_WAIT_MS);
    } finally {
      this.guard.remove(this.id);
    }
  }

  private async goneWithin(ms: number): Promise<boolean> {
    const deadline = performance.now() + ms;
    while (this.signal(0)) {
      if (performance.now() > deadline) return false;
      await delay(POLL_MS);
    }
    return true;
  }

  /** False when nobody of the group is left. */
  private signal(signal: NodeJS.Signals | 0): boolean {
    if (this.id === undefined) return false;
    try {
      return process.kill(-this.id, signal);
    } catch (error) {
      // EPERM: somebody is there who is not ours any more.
      return (error as NodeJS.ErrnoException).code === 'EPERM';
    }
  }
}

async function exitOf(child: ChildProcess): Promise<ProcessExit> {
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return { code, signal };
}
