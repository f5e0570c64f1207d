import { Injectable } from '@nestjs/common';

/** Suspects that may run beside each other in one process. */
const MAX_TOGETHER = 8;
/** How long anything waits for a suspect. Whoever has run for so long is no more suspicious than others. */
const MAX_WAIT_MS = 10_000;

/**
 * How a process begins work that may have killed another process, handlers' events and executors' runs alike.
 *
 * After a first death it runs beside other work, but no more than eight such at a time: mostly it was a neighbour that
 * killed the process, or somebody pulled the plug. After a second death it runs alone: nothing else is begun meanwhile.
 * What runs already goes on, and nothing waits for longer than ten seconds: user code that never ends must not hold up
 * the process.
 */
@Injectable()
export class SuspectGate {
  private window: Promise<void> | undefined;
  private inside = 0;
  private readonly waiting: (() => void)[] = [];

  /** What to wait for before anything is begun; undefined, so that the usual way costs nothing, while there is nothing. */
  free(): Promise<void> | undefined {
    return this.window;
  }

  /** Runs work after its first death. */
  async together<T>(work: () => Promise<T>): Promise<T> {
    if (this.inside < MAX_TOGETHER) this.inside++;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    for (let busy = this.free(); busy; busy = this.free()) await busy;
    return atMost(work, () => {
      const next = this.waiting.shift();
      if (next) next();
      else this.inside--;
    });
  }

  /** Runs work after a later death: nothing else is begun until it is over, or ten seconds are. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    for (let busy = this.free(); busy; busy = this.free()) await busy;
    let open: () => void = () => undefined;
    this.window = new Promise((resolve) => (open = resolve));
    return atMost(work, () => {
      this.window = undefined;
      open();
    });
  }
}

/** Runs work, and calls `leave` once: when the work is over, or has gone on for as long as others wait. */
async function atMost<T>(work: () => Promise<T>, leave: () => void): Promise<T> {
  let hasLeft = false;
  const leaveOnce = (): void => {
    if (!hasLeft) leave();
    hasLeft = true;
  };
  const timer = setTimeout(leaveOnce, MAX_WAIT_MS).unref();
  try {
    return await work();
  } finally {
    clearTimeout(timer);
    leaveOnce();
  }
}
