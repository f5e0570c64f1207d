import { Subject } from 'rxjs';
import {
  BEGINNING,
  compareEventIds,
  type EventId,
  sameEventId,
  type TerminalStatus,
} from '../../../events/index.js';
import { RunNotFoundError, setLongTimeout } from '../../../common/index.js';
import type { EncodedEvent } from '../../log/encoded-event.js';
import type { EventLog, LogSlice } from './event-log.js';
import type { ProvisionalEvent } from '../../log/provisional-event.js';

const GATHER_SHARE = 0.5;
const MAX_GATHER_MS = 10;

/** What a feed tells those who follow it. */
export type FeedItem =
  | { kind: 'events'; events: readonly EncodedEvent[] }
  /** Said in this process and not in the log yet. */
  | { kind: 'provisional'; events: readonly ProvisionalEvent[] }
  /** The feed can't vouch for what its followers hold: each checks its own cursor against the log. */
  | { kind: 'reset' }
  | { kind: 'deleted' }
  /** The log is not there, and nobody said that it was deleted: Redis may have lost it. */
  | { kind: 'gone' };

/**
 * The live events of one log, for all who watch it on this instance.
 *
 * Messages come over pub/sub, which may lose some. The feed knows its head, the last event it passed on; whatever
 * does not continue it is read from the log, once for all followers.
 */
export class LogFeed {
  /** Never fails and never completes: the feed outlives each follower. */
  readonly items = new Subject<FeedItem>();
  private lastPassedOn: EventId | undefined;
  /** What came in this turn of the event loop: passed on together, so that each follower is served once. */
  private turn: EncodedEvent[] = [];
  /** How long it took to serve all followers the last time, and when that was. */
  private lastPassMs = 0;
  private lastPassEndedAt = 0;
  /** The newest event known to exist; ahead of the head while the log is being read. */
  private announced: EventId | undefined;
  private reading: Promise<void> | undefined;
  /** How often messages may have been lost, and up to which of these times the log was read since. */
  private interruptions = 0;
  private mendedUpTo = 0;
  /** The status that a run ended with, once the head is its terminal event. */
  ended: TerminalStatus | undefined;
  /** Also for who comes to follow after it was said. */
  isDeleted = false;

  constructor(
    readonly log: EventLog,
    private readonly onMended: () => void,
  ) {}

  /** Id of the last event passed on. */
  get head(): EventId {
    if (!this.lastPassedOn) throw new Error('The feed is used before open().');
    return this.lastPassedOn;
  }

  /** Begins at the end of the log; to be called once the channel is subscribed, so that nothing falls between. */
  async open(): Promise<void> {
    this.begin(await this.log.read({ after: BEGINNING, limit: 1 }));
    if (this.announced && compareEventIds(this.announced, this.head) > 0) await this.readOn(false);
  }

  receive(text: string): void {
    const message = this.log.readMessage(text);
    if (message.kind === 'deleted') {
      this.isDeleted = true;
      this.passTurn();
      this.items.next(message);
      return;
    }
    const { first, last, events } = message;
    if (!this.lastPassedOn || this.reading || this.interruptions > this.mendedUpTo) {
      // After an interruption even the next sequence may continue a log that Redis has taken back in between.
      this.announced = last;
      if (this.lastPassedOn && !this.reading) this.mend();
      return;
    }
    const head = this.turn.at(-1)?.position ?? this.lastPassedOn;
    const continues = first.sequence === head.sequence + 1 && first.ms >= head.ms;
    if (continues && events.length > 0) {
      if (this.turn.length === 0) this.gather();
      this.turn.push(...events);
    } else if (continues) {
      // Announced, and not sent: a batch that is too large, or a log whose messages never hold events.
      this.announced = last;
      this.readOn(false).catch(() => undefined);
    } else if (last.sequence >= head.sequence ? !sameEventId(last, head) : last.ms > head.ms) {
      // A hole, or a known sequence under a new id: the log knows.
      this.announced = last;
      this.mend();
    }
  }

  /** Shows followers what is not in the log yet. Who is catching up meanwhile does not see it. */
  showProvisional(events: readonly ProvisionalEvent[]): void {
    this.passTurn();
    this.items.next({ kind: 'provisional', events });
  }

  /** The connection is a new one: no message is passed on until the log was read. */
  interrupt(): void {
    this.interruptions++;
  }

  /** Compares the head with the log: so a lost last message is found, and writes that Redis took back. */
  async check(): Promise<void> {
    // A reading that is under way may have seen the log before what we were called for.
    await this.reading?.catch(() => undefined);
    await this.readOn(true);
  }

  /** Makes sure that the feed has passed on everything up to `id`, which a follower saw in the log. */
  async reach(id: EventId): Promise<void> {
    this.passTurn();
    if (compareEventIds(id, this.head) > 0) await this.readOn(false);
    else if (!sameEventId(id, this.head)) await this.check();
  }

  /**
   * Passes on what comes in this turn of the event loop. When events come faster than all followers can be served, it
   * waits half of the time that takes for more: each follower is then served once instead of twice.
   */
  private gather(): void {
    const isBusy = performance.now() - this.lastPassEndedAt < this.lastPassMs;
    const waitMs = isBusy ? Math.min(this.lastPassMs * GATHER_SHARE, MAX_GATHER_MS) : 0;
    if (waitMs < 1) setImmediate(this.passTurn);
    else setLongTimeout(this.passTurn, waitMs);
  }

  private readonly passTurn = (): void => {
    const events = this.turn;
    this.turn = [];
    this.pass(events);
  };

  private pass(events: readonly EncodedEvent[]): void {
    const last = events.at(-1);
    if (!last) return;
    this.lastPassedOn = last.position;
    this.ended = last.ends;
    const beganAt = performance.now();
    this.items.next({ kind: 'events', events });
    this.lastPassEndedAt = performance.now();
    this.lastPassMs = this.lastPassEndedAt - beganAt;
  }

  private mend(): void {
    // It fails in an outage: the next message or the next check does it again.
    this.check().catch(() => undefined);
  }

  /** One reading at a time, whoever asks for it. `mending`: what it finds should have come over pub/sub. */
  private readOn(mending: boolean): Promise<void> {
    this.reading ??= this.readFromLog(mending).finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  private async readFromLog(mending: boolean): Promise<void> {
    let found = 0;
    for (;;) {
      this.passTurn();
      // What is announced from here on may not be in the page; what was announced before is.
      this.announced = undefined;
      const { interruptions } = this;
      const slice = await this.readAfterHead();
      if (!slice) return;
      this.mendedUpTo = interruptions;
      if (slice.loss.kind !== 'none') {
        this.begin(slice);
        this.items.next({ kind: 'reset' });
      } else {
        this.pass(slice.events);
        if (slice.upTo) this.lastPassedOn = slice.upTo;
        if (slice.events.length > 0 && found++ === 0 && mending) this.onMended();
      }
      const atEnd = slice.events.length === 0 || sameEventId(this.head, slice.last);
      if (atEnd && !this.isBehind()) return;
    }
  }

  /** Whether messages came, or were lost, while the log was read. */
  private isBehind(): boolean {
    if (this.interruptions > this.mendedUpTo) return true;
    return this.announced !== undefined && compareEventIds(this.announced, this.head) > 0;
  }

  private begin(slice: LogSlice): void {
    this.lastPassedOn = slice.last;
    this.ended = slice.ended;
  }

  private async readAfterHead(): Promise<LogSlice | undefined> {
    try {
      return await this.log.read({ after: this.head });
    } catch (error) {
      if (!(error instanceof RunNotFoundError)) throw error;
      this.items.next({ kind: 'gone' });
      return undefined;
    }
  }
}
