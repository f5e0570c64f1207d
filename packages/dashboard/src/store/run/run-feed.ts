import {
  type AnswerOf,
  type EndStatus,
  type FollowItem,
  type QueryOf,
  type Run,
  type RunEvent,
  RunstreamClientError,
} from '@runstream/client';
import { signal } from '@preact/signals';
import { serviceNow } from '../../service/clock.js';
import { client } from '../../service/client.js';
import { noteRefusal } from '../../service/session.js';
import { idle, oncePerFrame } from '../frames.js';
import { firstLook } from './first-look.js';
import { MAX_EVENTS, RunLog } from './run-log.js';
import { takeSlot } from '../stream-slot.js';
import { hiddenFor, isShown, sleep } from '../visibility.js';

/** A page of the service ends at 1 MiB anyway. */
const PAGE = 2000;
const POLL_MS = 2000;
/** A tab that nobody looks at gives its stream to others after this time. */
const HIDDEN_MS = 10_000;
const RECORD_MS = 5000;
const MAX_PROVISIONAL = 1000;

export type FeedState =
  | { kind: 'opening' }
  | { kind: 'live' }
  /** Too many tabs of this browser have a stream. */
  | { kind: 'polling' }
  | { kind: 'hidden' }
  | { kind: 'reconnecting'; atMs: number; cause: RunstreamClientError | undefined }
  | { kind: 'ended'; status: EndStatus | undefined }
  | { kind: 'deleted' }
  | { kind: 'refused'; error: RunstreamClientError };

/** One run as it comes: its newest events first, those before them while nothing else is to do, and what happens now. */
export class RunFeed {
  readonly log = new RunLog();
  readonly run = signal<Run | undefined>(undefined);
  readonly state = signal<FeedState>({ kind: 'opening' });
  /** Whether events from before are still being read. */
  readonly isFilling = signal(true);
  /** Why events can't be had although there is a run: they are kept for a time. */
  readonly expired = signal<RunstreamClientError | undefined>(undefined);
  /** The log is not the one that it was: all that came before is void. */
  readonly hasDiverged = signal(false);
  /** Changes with the log, at most once a frame. */
  readonly version = signal(0);
  private readonly closing = new AbortController();
  private readonly changed = oncePerFrame(() => this.take());
  private waiting: RunEvent[] = [];
  private cursor: string | undefined;
  /** Events before are read up to this many. */
  private limit = MAX_EVENTS;

  constructor(readonly id: string) {}

  /** Until it is closed, or the run is over and all is read. What is refused is a state, and not thrown. */
  async open(): Promise<void> {
    try {
      const older = await this.look();
      await Promise.all([this.fill(older), this.live(), this.keepRecord()]);
    } catch (error) {
      if (this.closing.signal.aborted) return;
      noteRefusal(error);
      const refusal =
        error instanceof RunstreamClientError
          ? error
          : new RunstreamClientError({ code: 'UNREACHABLE', message: String(error), cause: error });
      this.state.value =
        refusal.code === 'RUN_NOT_FOUND' && this.run.value
          ? { kind: 'deleted' }
          : { kind: 'refused', error: refusal };
    } finally {
      this.isFilling.value = false;
    }
  }

  close(): void {
    this.closing.abort();
  }

  /** Whether there are older events that were not read, since there are so many. */
  get hasUnread(): boolean {
    return !this.isFilling.value && this.log.held.count >= this.limit && (this.log.held.first ?? 1) > 1;
  }

  /** Reads as many again. */
  async readOlder(): Promise<void> {
    const first = this.log.at(this.log.held.first ?? 0);
    if (!first) return;
    this.limit += MAX_EVENTS;
    await this.fill(first.id);
  }

  /** Brings back events that were let go. */
  async fetchAt(sequence: number): Promise<void> {
    const { signal: ended } = this.closing;
    const start_id = this.log.cursorBefore(sequence);
    if (start_id === undefined) return;
    this.log.add((await client.runs.events(this.id, { start_id, limit: 200 }, { signal: ended })).events);
    this.changed();
  }

  /** The event itself, where the log has it in short. */
  async whole(event: RunEvent): Promise<RunEvent> {
    if (!this.log.shortened.has(event.sequence)) return event;
    const query = { start_id: event.id, limit: 1 };
    return (await client.runs.events(this.id, query, { signal: this.closing.signal })).events[0] ?? event;
  }

  async loadRecord(): Promise<void> {
    this.note(await client.runs.get(this.id, {}, { signal: this.closing.signal }));
  }

  private note(run: Run): void {
    this.run.value = run;
    if (run.sequence <= this.log.head) return;
    this.log.head = run.sequence;
    this.changed();
  }

  /** @returns from where on older events are read; null when there are none */
  private async look(): Promise<string | null> {
    const { record, tail } = firstLook(this.id, this.closing.signal);
    const [run, page] = await Promise.all([record, tail.catch((error: unknown) => this.noteExpired(error))]);
    this.note(run);
    if (!page) return null;
    this.cursor = page.events[0]?.id;
    this.put(page.events);
    return page.next_id;
  }

  private noteExpired(error: unknown): undefined {
    if (!(error instanceof RunstreamClientError) || error.status !== 410) throw error;
    this.expired.value = error;
  }

  /** Pages first: a stream of 100 000 events would keep the browser from everything else for ten seconds. */
  private async fill(from: string | null): Promise<void> {
    this.isFilling.value = true;
    for (let end_id = from; end_id !== null && this.log.held.count < this.limit;) {
      await idle();
      const query = { order: 'desc', limit: PAGE, end_id } as const;
      const page = await this.page(query);
      if (this.hasDiverged.value) break;
      this.put(page.events);
      end_id = page.next_id;
    }
    this.isFilling.value = false;
  }

  private async live(): Promise<void> {
    const { signal: ended } = this.closing;
    if (this.expired.value) return;
    while (!ended.aborted) {
      await isShown(ended);
      const slot = await takeSlot();
      try {
        if (slot ? await this.follow() : await this.poll()) return;
      } finally {
        slot?.release();
      }
    }
  }

  /** @returns true at the end of the run; false when the tab was hidden for long */
  private async follow(): Promise<boolean> {
    const hidden = hiddenFor(HIDDEN_MS, this.closing.signal);
    const options = this.cursor === undefined ? {} : { after: this.cursor };
    try {
      const following = client.follow(this.id, { ...options, signal: hidden.signal });
      for await (const item of following) {
        this.cursor = following.cursor;
        this.hear(item);
        if (item.kind === 'end') return true;
      }
      return true;
    } catch (error) {
      if (!hidden.signal.aborted || this.closing.signal.aborted) throw error;
      this.state.value = { kind: 'hidden' };
      return false;
    } finally {
      hidden.stop();
    }
  }

  private hear(item: FollowItem): void {
    if (item.kind === 'event') {
      this.waiting.push(item.event);
      this.changed();
      // While nobody looks there are no frames.
      if (this.waiting.length > PAGE) this.take();
    } else if (item.kind === 'provisional') {
      const { provisional } = this.log;
      if (provisional.size < MAX_PROVISIONAL) provisional.set(item.event.idempotency_key, item.event);
      this.changed();
    } else if (item.kind === 'gap') {
      if (item.gap.reason === 'diverged') this.startOver();
      this.changed();
    } else if (item.kind === 'state' && item.state === 'streaming') this.state.value = { kind: 'live' };
    else if (item.kind === 'state' && item.state === 'waiting') {
      // What was said while the store was away and did not come, never was.
      this.log.provisional.clear();
      this.state.value = { kind: 'reconnecting', atMs: serviceNow() + item.delayMs, cause: item.cause };
    } else if (item.kind === 'end') {
      this.take();
      this.log.provisional.clear();
      this.state.value =
        item.reason === 'deleted' ? { kind: 'deleted' } : { kind: 'ended', status: item.status };
    }
  }

  private startOver(): void {
    this.waiting = [];
    this.log.clear();
    this.hasDiverged.value = true;
  }

  /** @returns true at the end of the run */
  private async poll(): Promise<boolean> {
    for (let start_id: string | null = this.cursor ?? '0-0'; start_id !== null;) {
      const page = await this.page({ start_id, limit: PAGE }, (cause) => {
        this.state.value = { kind: 'reconnecting', atMs: serviceNow() + POLL_MS, cause };
      });
      this.state.value = { kind: 'polling' };
      if (start_id === this.cursor && isOfAnother(page.events[0], this.cursor)) {
        this.startOver();
        this.cursor = undefined;
        start_id = '0-0';
        continue;
      }
      this.put(page.events);
      this.cursor = page.events.at(-1)?.id ?? this.cursor;
      start_id = page.next_id;
    }
    const { completed_at, status } = this.run.value ?? {};
    if (completed_at != null && this.log.held.has(this.log.head)) {
      this.state.value = { kind: 'ended', status: status as EndStatus };
      return true;
    }
    await sleep(POLL_MS, this.closing.signal);
    return false;
  }

  /** A page of events, however long the service is away. */
  private async page(
    query: QueryOf<'listEvents'>,
    onAway?: (cause: RunstreamClientError) => void,
  ): Promise<AnswerOf<'listEvents'>> {
    const { signal } = this.closing;
    for (;;) {
      try {
        return await client.runs.events(this.id, query, { signal });
      } catch (error) {
        if (!isPassing(error)) throw error;
        onAway?.(error);
        await sleep(POLL_MS, signal);
      }
    }
  }

  /** Who has the run and what it waits for stands in its record only. */
  private async keepRecord(): Promise<void> {
    const { signal: ended } = this.closing;
    while (!ended.aborted && this.run.value?.completed_at == null) {
      await sleep(RECORD_MS, ended);
      await isShown(ended);
      try {
        await this.loadRecord();
      } catch (error) {
        // An outage is told by the stream, and the record is asked for again.
        if (!isPassing(error)) throw error;
      }
    }
  }

  private put(events: readonly RunEvent[]): void {
    this.waiting.push(...events);
    this.take();
  }

  private take(): void {
    const events = this.waiting;
    this.waiting = [];
    this.log.add(events);
    this.version.value++;
    if (events.some((event) => endsRun(event) && event.sequence > (this.run.value?.sequence ?? 0)))
      void this.loadRecord().catch(noteRefusal);
  }
}

/** An outage, or too much at once. */
function isPassing(error: unknown): error is RunstreamClientError {
  if (!(error instanceof RunstreamClientError)) return false;
  return error.status === 0 || error.status === 429 || error.status >= 500;
}

/** Whether a page that begins at this cursor says that the log never had it: pages tell nothing of what was lost. */
function isOfAnother(first: RunEvent | undefined, cursor: string): boolean {
  const sequence = Number(cursor.split('-')[1]);
  return sequence > 0 && first?.id !== cursor && (first === undefined || first.sequence <= sequence);
}

function endsRun({ event, source }: RunEvent): boolean {
  return event.category === 'lifecycle' && source == null;
}
