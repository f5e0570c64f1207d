import type { Subscription } from 'rxjs';
import type { EventId } from '../../events/index.js';
import type { Demand } from './demand.js';
import type { WatchSignal } from './watch-signal.js';

/** One partition of a journal that is watched with others: what it brought and is not passed on yet. */
export class PartWatch implements Demand {
  /** In order. While there are any its watch brings no more: so there is one page of them at most. */
  readonly waiting: WatchSignal[] = [];
  /** Whether it has all there is, and nothing comes but what is new. */
  isLive = false;
  subscription: Subscription | undefined;
  private emptied: (() => void)[] = [];

  constructor(
    readonly partition: number,
    /** Where its reader stands, by what was passed on. */
    public position: EventId,
    private readonly reader: Demand,
  ) {}

  /** When the first of what waits was appended; what is no event comes before all events. */
  get firstMs(): number {
    const [first] = this.waiting;
    if (first === undefined) return Infinity;
    return first.kind === 'events' ? (first.events[0]?.position.ms ?? -Infinity) : -Infinity;
  }

  ready(): boolean {
    return this.waiting.length === 0 && this.reader.ready();
  }

  async drained(signal: AbortSignal): Promise<void> {
    if (this.waiting.length > 0) await this.passedOn(signal);
    if (!this.reader.ready()) await this.reader.drained(signal);
  }

  room(bytes: number, signal: AbortSignal): Promise<() => void> {
    return this.reader.room(bytes, signal);
  }

  /** What waited was passed on. */
  tellEmptied(): void {
    const { emptied } = this;
    this.emptied = [];
    for (const tell of emptied) tell();
  }

  private passedOn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const cut = (): void => {
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', cut, { once: true });
      this.emptied.push(() => {
        signal.removeEventListener('abort', cut);
        resolve();
      });
    });
  }
}
