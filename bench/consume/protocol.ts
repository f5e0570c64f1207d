/** What a contender is told, on one line of its stdin. */
export interface Job {
  /** What keeps this drain apart from others: a tenant, a queue, a stream. */
  name: string;
  /** How many events were put there. */
  events: number;
}

/** What it answers, on one line of its stdout. */
export interface Drained {
  /** From the first event handed to the handler until the last was acknowledged, in seconds. */
  seconds: number;
  /** Processor time of the consuming process meanwhile, in seconds. */
  cpuSeconds: number;
}

/** Of one contender: handles all events of a job, one after the other is acknowledged or many at a time. */
export type Drain = (job: Job, clock: Clock) => Promise<void>;

/** Stands still until the first event is handled. */
export class Clock {
  private startedAt: number | undefined;
  private cpuBefore: NodeJS.CpuUsage | undefined;
  private result: Drained | undefined;

  start(): void {
    if (this.startedAt !== undefined) return;
    this.startedAt = performance.now();
    this.cpuBefore = process.cpuUsage();
  }

  stop(): void {
    if (this.startedAt === undefined) throw new Error('Nothing was handled.');
    const { user, system } = process.cpuUsage(this.cpuBefore);
    this.result = {
      seconds: (performance.now() - this.startedAt) / 1000,
      cpuSeconds: (user + system) / 1_000_000,
    };
  }

  get drained(): Drained {
    if (!this.result) throw new Error('The clock still runs.');
    return this.result;
  }
}
