import { readFile } from 'node:fs/promises';
import { type Child, startChild } from '../../support/child.js';
import type { AppConfig } from './app-config.js';

const LAST_WORDS = 40;

/** One instance of the service: a process that can be ended, frozen and started again, on the same port. */
export class Instance {
  /** When it last became ready, in ms since the epoch. */
  readySince = 0;
  /** What ended processes of it printed. */
  readonly output: string[] = [];
  private child: Child | undefined;
  private frozen = false;

  constructor(
    private readonly program: string,
    readonly config: AppConfig,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.config.port}`;
  }

  /** Of the process that runs; undefined while none does. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  get isServing(): boolean {
    return this.child !== undefined && this.readySince > 0;
  }

  async start(): Promise<void> {
    const child = startChild(process.execPath, [this.program, JSON.stringify(this.config)]);
    this.child = child;
    // One that is frozen would outlive a kit that was interrupted.
    const abandon = (): void => void child.process.kill('SIGKILL');
    process.once('exit', abandon);
    child.process.once('exit', () => process.off('exit', abandon));
    await child.line(/^ready$/);
    this.readySince = Date.now();
  }

  /** SIGKILL, at whatever it is doing. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** SIGTERM, and waits for the process. Returns its exit code. */
  async stop(): Promise<number | NodeJS.Signals> {
    return this.end('SIGTERM');
  }

  freeze(): void {
    this.frozen = true;
    this.child?.process.kill('SIGSTOP');
  }

  thaw(): void {
    this.frozen = false;
    this.child?.process.kill('SIGCONT');
  }

  /** What the process that runs has printed lately. */
  lastWords(): string[] {
    return [...this.output, ...(this.child?.lines ?? [])]
      .slice(-LAST_WORDS)
      .map((line) => `${this.config.name}: ${line}`);
  }

  private async end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals> {
    const { child } = this;
    if (!child) return 0;
    this.readySince = 0;
    child.process.kill(signal);
    if (this.frozen) this.thaw();
    const code = await child.exit();
    this.child = undefined;
    this.output.push(...child.lines.filter((line) => line !== 'ready'));
    return code;
  }
}

/** Resident memory of a process, in MiB; undefined when it is gone. Known on Linux only. */
export async function residentMiB(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1];
  return kib === undefined ? undefined : Number(kib) / 1024;
}
