/**
 * Lets an event that may have killed its process be handled with nothing beside it: many share the gate, or one has
 * it alone. Who wants it alone waits for those inside, and nobody else gets in meanwhile.
 */
export class SoloGate {
  private inside = 0;
  private alone: Promise<void> | undefined;
  private emptied: (() => void) | undefined;

  /** Undefined when it is free at once, so that the usual way costs no turn of the event loop. */
  free(): Promise<void> | undefined {
    return this.alone;
  }

  /** To be called only when `free()` gave nothing. */
  enter(count: number): void {
    this.inside += count;
  }

  leave(count: number): void {
    this.inside -= count;
    if (this.inside === 0) this.emptied?.();
  }

  /** Runs `work` alone; one after the other. */
  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    while (this.alone) await this.alone;
    let release: () => void = () => undefined;
    this.alone = new Promise((resolve) => (release = resolve));
    try {
      if (this.inside > 0) await new Promise<void>((resolve) => (this.emptied = resolve));
      this.emptied = undefined;
      return await work();
    } finally {
      this.alone = undefined;
      release();
    }
  }
}
