import { FairQueue, OverloadedError, setWaitLimit } from '../common/index.js';

/** How long somebody who waits for an answer waits for their turn. */
const MOST_WAITING_MS = 2000;

/** For whom something is read: who has read least comes next, by lane, then by tenant, then by caller. */
export interface Reader {
  /** `live`: on behalf of all who watch a log; `catch-up`: for one watcher; `page`: for one answer. */
  lane: 'live' | 'catch-up' | 'page';
  tenantId: string;
  /** Whom it is counted for: a credential or an address. Default: nobody in particular. */
  caller?: string;
  /** Ends the waiting when nobody is there any more. */
  signal?: AbortSignal;
}

/** Even a small read is one of many commands that Redis has to work on. */
const LEAST_COST_BYTES = 32 * 1024;

/** What a read counts as, however little it brings: it is a command, and an answer. */
const LEAST_READ_BYTES = 4 * 1024;

export type GiveBack = (bytes: number) => void;

interface Waiting {
  costBytes: number;
  begin: () => void;
}

/** So many bytes may be on their way from Redis at a time; the others wait in a queue that nobody can fill for all. */
export class ReadPool {
  private readonly waiting = new FairQueue<Waiting>();
  private free: number;

  constructor(private readonly limit: number) {
    this.free = limit;
  }

  get queued(): number {
    return this.waiting.size;
  }

  /**
   * Waits for a reader's turn.
   *
   * @returns what gives the room back, told how many bytes were read
   * @throws the signal's reason; OverloadedError when its turn does not come in time
   */
  turn({ lane, tenantId, caller = '', signal }: Reader, maxBytes: number): Promise<GiveBack> {
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    const key = [lane, tenantId, caller];
    const costBytes = Math.min(Math.max(maxBytes, LEAST_COST_BYTES), this.limit);
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        timer?.cancel();
        signal?.removeEventListener('abort', onAbort);
      };
      const item: Waiting = {
        costBytes,
        begin: () => {
          settle();
          resolve((bytes) => {
            this.free += costBytes;
            this.waiting.charge(key, Math.max(bytes, LEAST_READ_BYTES));
            this.passOn();
          });
        },
      };
      const leave = (error: Error): void => {
        settle();
        takeOut();
        reject(error);
        this.passOn();
      };
      const onAbort = (): void => {
        leave(signal?.reason as Error);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      // A watcher waits as long as it likes: nobody waits for its answer.
      const timer =
        lane === 'page'
          ? setWaitLimit(() => {
              leave(new OverloadedError());
            }, MOST_WAITING_MS)
          : undefined;
      const takeOut = this.waiting.put(key, item);
      this.passOn();
    });
  }

  private passOn(): void {
    // Whose turn it is shows when there is room, and not before: one that comes meanwhile may have read less.
    for (let next = this.waiting.peek(); next && next.costBytes <= this.free; next = this.waiting.peek()) {
      this.waiting.take();
      this.free -= next.costBytes;
      next.begin();
    }
  }
}
