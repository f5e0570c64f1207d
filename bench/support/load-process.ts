import { createInterface } from 'node:readline';
import { type Child, startChild } from '../../test/support/child.js';

const LOADER = ['--import', '@swc-node/register/esm-register'];

/** A process that makes load, or is measured itself: it is told a job at a time, and answers when that is done. */
export class LoadProcess<Job, Answer> {
  private asked = 0;

  private constructor(private readonly child: Child) {}

  /** @param file a script that calls {@link answerJobs} */
  static async start<Job, Answer>(
    file: URL,
    args: readonly string[] = [],
    profileDir?: string,
  ): Promise<LoadProcess<Job, Answer>> {
    const profiling = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`];
    const child = startChild(process.execPath, [...profiling, ...LOADER, file.pathname, ...args]);
    await child.line(/^ready$/);
    return new LoadProcess(child);
  }

  get pid(): number {
    return this.child.pid;
  }

  async ask(job: Job): Promise<Answer> {
    const n = ++this.asked;
    this.child.process.stdin?.write(`${JSON.stringify(job)}\n`);
    const line = await this.child.line(new RegExp(`^answer ${n} `));
    return JSON.parse(line.slice(`answer ${n} `.length)) as Answer;
  }

  /** At whatever it is doing. */
  async kill(): Promise<void> {
    this.child.process.kill('SIGKILL');
    await this.child.exit();
  }

  async stop(): Promise<void> {
    this.child.process.stdin?.end();
    await this.child.exit();
  }
}

/** The other side: answers each line of stdin until it ends. */
export async function answerJobs<Job, Answer>(work: (job: Job) => Promise<Answer>): Promise<never> {
  console.log('ready');
  let n = 0;
  for await (const line of createInterface(process.stdin)) {
    console.log(`answer ${++n} ${JSON.stringify((await work(JSON.parse(line) as Job)) ?? null)}`);
  }
  process.exit(0);
}
