import { setTimeout as delay } from 'node:timers/promises';
import { type Child, startChild } from '../support/child.js';
import type { Silence } from './checker.js';
import { now } from './history-file.js';
import type { WorkerConfig } from './workload.js';

const RESTART_MS = 200;

interface Worker {
  name: string;
  child: Child;
  stopped: boolean;
}

/** The consumer processes of a run. One that dies is started again, under another name. */
export class WorkerPool {
  /** When each start of a worker ended. */
  readonly ends = new Map<string, number>();
  readonly silences: Silence[] = [];
  /** What workers printed beside their being ready. */
  readonly output: string[] = [];
  kills = 0;
  stops = 0;
  /** Processes that ended without anybody here having asked for it: poison. */
  deaths = 0;
  deploys = 0;
  private readonly slots: (Worker | undefined)[];
  /** What each start of a worker was told beside what all are. */
  readonly told = new Map<string, Partial<WorkerConfig>>();
  /** What those in a slot are told from here on. */
  private readonly changes = new Map<number, Partial<WorkerConfig>>();
  private readonly watches: Promise<void>[] = [];
  private readonly alive = new Set<Child>();
  private readonly waking = new Set<Promise<void>>();
  private starts = 0;
  private closing = false;

  constructor(
    size: number,
    private readonly program: string,
    private readonly config: Omit<WorkerConfig, 'name'>,
  ) {
    this.slots = Array.from({ length: size });
  }

  async start(): Promise<void> {
    await Promise.all(this.slots.map((_, slot) => this.startIn(slot)));
  }

  /** Slots whose worker runs and is not stopped. */
  get running(): number[] {
    return [...this.slots.keys()].filter((slot) => this.slots[slot]?.stopped === false);
  }

  /** SIGKILL, at whatever it is doing. */
  kill(slot: number): void {
    const worker = this.slots[slot];
    if (!worker) return;
    this.kills++;
    worker.child.process.kill('SIGKILL');
  }

  /** What is started in a slot from here on is told so. */
  configure(slot: number, changes: Partial<WorkerConfig>): void {
    this.changes.set(slot, changes);
  }

  /** SIGTERM, and another one in its place. */
  async deploy(slot: number, changes: Partial<WorkerConfig>): Promise<void> {
    while (!this.slots[slot]) await delay(50);
    const worker = this.slots[slot];
    this.configure(slot, changes);
    this.deploys++;
    worker.child.process.kill('SIGTERM');
    await worker.child.exit();
    while (!this.slots[slot] || this.slots[slot] === worker) await delay(50);
  }

  /** SIGSTOP, and SIGCONT after a while. */
  stopFor(slot: number, ms: number): void {
    const worker = this.slots[slot];
    if (!worker || worker.stopped) return;
    this.stops++;
    worker.stopped = true;
    const silence: Silence = { worker: worker.name, from: now(), to: Number.POSITIVE_INFINITY };
    this.silences.push(silence);
    worker.child.process.kill('SIGSTOP');
    const waking = delay(ms).then(() => {
      worker.child.process.kill('SIGCONT');
      worker.stopped = false;
      silence.to = now();
      this.waking.delete(waking);
    });
    this.waking.add(waking);
  }

  /** Resolves once every worker runs. */
  async allUp(): Promise<void> {
    await Promise.all(this.waking);
    while (this.slots.some((worker) => !worker)) await delay(50);
  }

  /** Ends all with SIGTERM. Returns the exit codes. */
  async close(): Promise<(number | NodeJS.Signals)[]> {
    await Promise.all(this.waking);
    this.closing = true;
    const workers = this.slots.filter((worker) => worker !== undefined);
    // Also those that are just starting, in the place of one that has died.
    for (const child of this.alive) child.process.kill('SIGTERM');
    const codes = await Promise.all(workers.map(({ child }) => child.exit()));
    await Promise.all(this.watches);
    return codes;
  }

  /** What the workers that run have printed lately. */
  lastWords(): string[] {
    return this.slots.flatMap((worker) => [
      ...(worker?.child.lines.slice(-20).map((line) => `${worker.name}: ${line}`) ?? []),
    ]);
  }

  private async startIn(slot: number): Promise<void> {
    const name = `${slot}.${++this.starts}`;
    const changes = this.changes.get(slot) ?? {};
    this.told.set(name, changes);
    const child = startChild(process.execPath, [
      this.program,
      JSON.stringify({ ...this.config, ...changes, name }),
    ]);
    this.alive.add(child);
    this.watches.push(this.watch(slot, name, child));
    await child.line(/^ready$/).catch(() => undefined); // it may die of poison at once
    if (!this.ends.has(name)) this.slots[slot] = { name, child, stopped: false };
  }

  private async watch(slot: number, name: string, child: Child): Promise<void> {
    const asked = this.kills + this.deploys;
    await child.exit();
    this.alive.delete(child);
    this.ends.set(name, now());
    this.slots[slot] = undefined;
    if (this.kills + this.deploys === asked && !this.closing) this.deaths++;
    this.output.push(...child.lines.filter((line) => line !== 'ready').map((line) => `${name}: ${line}`));
    if (this.closing) return;
    await delay(RESTART_MS);
    if (!this.closing) await this.startIn(slot);
  }
}
