import { type Instance, residentMiB } from './instance.js';

const EVERY_MS = 500;

/** Samples the resident memory of instances, and knows how far each has grown since the last mark. */
export class MemoryWatch {
  private readonly base = new Map<number, number>();
  private readonly peaks = new Map<number, number>();
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly instances: readonly Instance[]) {
    this.timer = setInterval(() => void this.sample(), EVERY_MS);
  }

  /** From here on growth is counted. */
  async mark(): Promise<void> {
    await this.sample();
    this.base.clear();
    for (const { pid } of this.instances) {
      const now = pid === undefined ? undefined : await residentMiB(pid);
      if (pid !== undefined && now !== undefined) this.base.set(pid, now);
    }
    this.peaks.clear();
  }

  /** The most that any process has grown, in MiB. A process that was started since is compared with the smallest mark. */
  get growthMiB(): number {
    const least = Math.min(...this.base.values());
    const grown = [...this.peaks].map(([pid, peak]) => peak - (this.base.get(pid) ?? least));
    return Math.max(0, Math.round(Math.max(...grown)));
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async sample(): Promise<void> {
    for (const { pid } of this.instances) {
      if (pid === undefined) continue;
      const now = await residentMiB(pid);
      if (now !== undefined) this.peaks.set(pid, Math.max(now, this.peaks.get(pid) ?? 0));
    }
  }
}
