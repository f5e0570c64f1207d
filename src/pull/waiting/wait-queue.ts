import { errorText, type LongTimeout, setLongTimeout } from '../../common/index.js';

/** Signals can be lost: whoever waits looks himself once in so many milliseconds. */
const LOOK_EVERY_MS = 5000;

/** Where those who wait get their work from. */
export interface WorkSource<Asked, Given> {
  /**
   * Takes what there is now, and waits for nothing.
   *
   * @param all whether to look also for what was given back, or lost by who had it
   */
  take(asked: Asked, most: number, all: boolean): Promise<Given[]>;
  /** About how much there is: asked for only while several wait. */
  available(): Promise<number>;
  /** In how many milliseconds something comes by itself, as when a lease ends; undefined when nothing is to come. */
  nextInMs(): Promise<number | undefined>;
  /** Whoever it was taken for is gone. */
  giveBack(asked: Asked, given: readonly Given[]): Promise<void>;
}

interface Waiter<Asked, Given> {
  asked: Asked;
  most: number;
  /** Its time is up: it leaves with the next answer, empty or not. */
  isDue: boolean;
  /** Something was looked for since it came. */
  hasLooked: boolean;
  /** Nobody is there any more. */
  isGone: boolean;
  leave(given: Given[]): void;
  fail(error: Error): void;
}

/** Those who wait for work of one kind at this process: whoever came first is served first. */
export class WaitQueue<Asked, Given> {
  private readonly waiters = new Set<Waiter<Asked, Given>>();
  private pumping = false;
  private again = false;
  /** Whether the next look is for what was given back or lost, too: so it is with the first, and when it may be so. */
  private all = true;
  private timer: LongTimeout | undefined;

  constructor(
    private readonly source: WorkSource<Asked, Given>,
    /** The first came, or the last has left. */
    private readonly onUse: (isUsed: boolean) => void,
  ) {}

  get size(): number {
    return this.waiters.size;
  }

  /**
   * Resolves with what there was, or with nothing when the time was up.
   *
   * @param gone aborts when nobody is there any more to be answered
   * @throws whatever `take` throws
   */
  wait(asked: Asked, most: number, waitMs: number, gone: AbortSignal): Promise<Given[]> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        timer.cancel();
        gone.removeEventListener('abort', onGone);
        this.waiters.delete(waiter);
        if (this.waiters.size > 0) return;
        this.timer?.cancel();
        this.onUse(false);
      };
      const waiter: Waiter<Asked, Given> = {
        ...{ asked, most, isDue: waitMs === 0, hasLooked: false, isGone: gone.aborted },
        leave: (given) => {
          end();
          resolve(given);
        },
        fail: (error) => {
          end();
          reject(error);
        },
      };
      const onGone = (): void => {
        waiter.isGone = true;
        waiter.isDue = true;
        if (!this.pumping) waiter.leave([]);
      };
      const timer = setLongTimeout(() => {
        waiter.isDue = true;
        if (!this.pumping) waiter.leave([]);
      }, waitMs);
      gone.addEventListener('abort', onGone);
      this.waiters.add(waiter);
      if (this.waiters.size === 1) {
        this.all = true;
        this.onUse(true);
      }
      this.wake(false);
    });
  }

  /** All leave with nothing. */
  sendAway(): void {
    for (const waiter of this.waiters) {
      waiter.isDue = true;
      if (!this.pumping) waiter.leave([]);
    }
  }

  /** There may be something. */
  wake(all: boolean): void {
    this.all ||= all;
    this.again = true;
    if (!this.pumping && this.waiters.size > 0) void this.pump();
  }

  /** Never throws: each waiter's own promise tells. */
  private async pump(): Promise<void> {
    this.pumping = true;
    try {
      while (this.again && this.waiters.size > 0) {
        this.again = false;
        await this.serve();
        this.dismiss();
      }
      if (this.waiters.size > 0) this.lookAgain(await this.source.nextInMs());
    } catch (error) {
      const reason = error instanceof Error ? error : new Error(errorText(error));
      for (const waiter of this.waiters) waiter.fail(reason);
    }
    this.pumping = false;
    this.dismiss();
    if (this.again && this.waiters.size > 0) void this.pump();
  }

  private async serve(): Promise<void> {
    const count = this.waiters.size;
    const share = count === 1 ? Infinity : Math.max(1, Math.ceil((await this.source.available()) / count));
    const waiters = [...this.waiters];
    for (const waiter of waiters) waiter.hasLooked = true;
    for (const waiter of waiters) {
      if (!this.waiters.has(waiter) || waiter.isGone) continue;
      const { all } = this;
      this.all = false;
      const { asked, most } = waiter;
      const given = await this.source.take(asked, Math.min(most, share), all);
      if (given.length === 0) return;
      // Perhaps there is more of what was given back.
      this.all ||= all;
      if (waiter.isGone) {
        this.all = true;
        await this.source.giveBack(asked, given);
      } else waiter.leave(given);
    }
  }

  /** Whoever came in the middle of a look stays for the next one. */
  private dismiss(): void {
    for (const waiter of this.waiters) {
      if (waiter.isGone || (waiter.isDue && waiter.hasLooked)) waiter.leave([]);
    }
  }

  private lookAgain(nextInMs = LOOK_EVERY_MS): void {
    this.timer?.cancel();
    this.timer = setLongTimeout(
      () => {
        this.wake(true);
      },
      Math.min(LOOK_EVERY_MS, Math.max(1, nextInMs)),
    );
  }
}
