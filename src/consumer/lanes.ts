/** Lanes of work: within a lane one after the other, lanes side by side. */
export class Lanes {
  private readonly lanes = new Map<string, { last: Promise<unknown>; size: number }>();

  /** How much is in a lane, what runs included. */
  sizeOf(name: string): number {
    return this.lanes.get(name)?.size ?? 0;
  }

  /** @param work never rejects */
  run<T>(name: string, work: () => Promise<T>): Promise<T> {
    let lane = this.lanes.get(name);
    if (!lane) this.lanes.set(name, (lane = { last: Promise.resolve(), size: 0 }));
    const its = lane;
    its.size++;
    const done = its.last.then(work).finally(() => {
      if (--its.size === 0) this.lanes.delete(name);
    });
    its.last = done;
    return done;
  }
}
