import type { Subscription } from 'rxjs';
import {
  errorText,
  isInstance,
  type LongTimeout,
  RunNotFoundError,
  setLongTimeout,
  silence,
  valueText,
} from '../common/index.js';
import type { EncodedEvent, RunWatcher } from '../event-store/index.js';
import { BEGINNING, type EventId, type EventTypeFilter, type RecordedEvent } from '../events/index.js';
import { type WaitForOptions, WaitTimeoutError } from '../executors/index.js';

const RETRY_MS = 1000;
/** Events that nobody has waited for yet; beyond that the oldest go. */
const MAX_KEPT = 1000;

interface Waiter {
  where: (event: RecordedEvent) => boolean;
  take(event: RecordedEvent): void;
  fail(error: unknown): void;
}

/**
 * The events of some types that came to a run from outside, for the executor to wait for. It begins with the run's
 * first event, so that nothing is missed that came before the executor waited, before it was taken up, or while it was
 * being restarted. Each event is given out once.
 */
export class RunInbox {
  private readonly kept: RecordedEvent[] = [];
  private readonly waiters: Waiter[] = [];
  private cursor: EventId = BEGINNING;
  private subscription: Subscription | undefined;
  private retry: NodeJS.Timeout | undefined;

  constructor(
    private readonly watcher: RunWatcher,
    private readonly run: { tenantId: string; id: string },
    private readonly filter: EventTypeFilter,
    private readonly isOwn: (event: RecordedEvent) => boolean,
    private readonly signal: AbortSignal,
  ) {}

  /** @throws the signal's reason, WaitTimeoutError */
  async take(type: string, { where = () => true, timeoutMs }: WaitForOptions): Promise<RecordedEvent> {
    this.signal.throwIfAborted();
    const found = this.kept.find((event) => isWanted(where, event));
    if (found) {
      this.kept.splice(this.kept.indexOf(found), 1);
      return found;
    }
    return new Promise((resolve, reject) => {
      let timer: LongTimeout | undefined;
      const leave = () => {
        timer?.cancel();
        this.signal.removeEventListener('abort', onAbort);
        this.waiters.splice(this.waiters.indexOf(waiter), 1);
        if (this.waiters.length === 0) this.stop();
      };
      const waiter: Waiter = {
        where,
        take: (event) => {
          leave();
          resolve(event);
        },
        fail: (error) => {
          leave();
          reject(isInstance(error, Error) ? error : new Error(errorText(error)));
        },
      };
      const onAbort = () => {
        waiter.fail(this.signal.reason);
      };
      this.signal.addEventListener('abort', onAbort);
      if (timeoutMs !== undefined) {
        timer = setLongTimeout(() => {
          waiter.fail(new WaitTimeoutError(type, timeoutMs));
        }, timeoutMs);
      }
      this.waiters.push(waiter);
      if (this.waiters.length === 1) this.watch();
    });
  }

  private watch(): void {
    const { filter } = this;
    this.subscription = this.watcher
      .watch(this.run.tenantId, this.run.id, { after: this.cursor, filter })
      .subscribe({
        next: (signal) => {
          // Whoever is served last stops watching; the rest of the page is read again then.
          if (signal.kind === 'events') for (const event of signal.events) this.offer(event);
          if (this.waiters.length > 0) this.cursor = signal.cursor;
        },
        error: (error: unknown) => {
          // The attempt hears of it as well, and aborts.
          if (error instanceof RunNotFoundError) return;
          this.retry = setTimeout(() => {
            this.watch();
          }, RETRY_MS);
        },
      });
  }

  private offer(encoded: EncodedEvent): void {
    if (this.waiters.length === 0) return;
    this.cursor = encoded.position;
    const event = JSON.parse(encoded.json.toString()) as RecordedEvent;
    if (this.isOwn(event)) return;
    for (const waiter of [...this.waiters]) {
      try {
        if (!isWanted(waiter.where, event)) continue;
      } catch (error) {
        waiter.fail(error);
        continue;
      }
      waiter.take(event);
      return;
    }
    this.kept.push(event);
    if (this.kept.length > MAX_KEPT) this.kept.shift();
  }

  private stop(): void {
    clearTimeout(this.retry);
    this.subscription?.unsubscribe();
    this.subscription = undefined;
  }
}

/** A Promise would be true for every event. @throws Error, and whatever `where` throws */
function isWanted(where: (event: RecordedEvent) => unknown, event: RecordedEvent): boolean {
  const answer = where(event);
  if (typeof answer === 'boolean') return answer;
  silence(answer);
  throw new Error(`waitFor(): "where" must return true or false, no Promise; it gave ${valueText(answer)}.`);
}
