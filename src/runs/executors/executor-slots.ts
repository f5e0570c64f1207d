import type { RegisteredExecutor } from './executor-registry.js';

/** One executor's runs in this process, which are at most as many as its concurrency. */
export class ExecutorSlots {
  private readonly taken = new Set<string>();

  constructor(readonly registered: RegisteredExecutor) {}

  get name(): string {
    return this.registered.name;
  }

  get free(): number {
    return this.registered.options.concurrency - this.taken.size;
  }

  has(runId: string): boolean {
    return this.taken.has(runId);
  }

  enter(runId: string): void {
    this.taken.add(runId);
  }

  leave(runId: string): void {
    this.taken.delete(runId);
  }
}
