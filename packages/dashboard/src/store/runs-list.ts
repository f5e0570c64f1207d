import { type AnswerOf, type QueryOf, type RunEvent, RunstreamClientError } from '@runstream/client';
import { signal } from '@preact/signals';
import { client } from '../service/client.js';
import { noteRefusal } from '../service/session.js';
import { takeSlot } from './stream-slot.js';
import { hiddenFor, isShown, sleep } from './visibility.js';
import { refreshCounts } from './vitals.js';

export type RunItem = AnswerOf<'listRuns'>['runs'][number];
type Page = AnswerOf<'listRuns'>;
type Query = QueryOf<'listRuns'>;

const PAGE = 50;
/** More than anybody reads; who looks for one narrows it. */
export const MAX_ROWS = 1000;
/** Changes are gathered for this time. */
const GATHER_MS = 250;
/** What no event of a run's life tells: counts of events, new runs that nobody takes up. */
const REFRESH_MS = 5000;
/** However much happens, the list is asked for no more often. */
const REST_MS = 1000;
const POLL_MS = 2000;
const HIDDEN_MS = 10_000;
/** Runs under way below the first page are looked at with one call. */
const MAX_ACTIVE = 200;
/** A page with a filter looks at so many. */
const LOOKED_AT = 2000;
const ENDS: readonly string[] = ['completed', 'failed', 'cancelled'];

export type ListState = 'opening' | 'live' | 'polling' | 'hidden' | 'reconnecting';

/** The tenant's runs, newest first, as they come and change. */
export class RunsList {
  /** Undefined until the first page is there. */
  readonly rows = signal<readonly RunItem[] | undefined>(undefined);
  readonly state = signal<ListState>('opening');
  /** Runs that have come while the list was held. */
  readonly waiting = signal(0);
  readonly isReading = signal(false);
  /** Whether there are older runs that were not read. */
  readonly hasMore = signal(false);
  /** The service looked at the newest of many, found few, and there are older ones. */
  readonly isPartial = signal(false);
  /** So many of the newest, when it is partial. */
  readonly lookedAt = signal(0);
  readonly trouble = signal<RunstreamClientError | undefined>(undefined);
  private readonly closing = new AbortController();
  private known = new Map<string, RunItem>();
  private shown = new Set<string>();
  private cursor: string | null = null;
  private pages = 0;
  private query: () => Query = () => ({});
  private isHeld = false;
  /** Another one with each query: what an earlier one gets is dropped. */
  private turn = 0;
  private gathering: ReturnType<typeof setTimeout> | undefined;
  /** What has gone, and is shown until nobody points at it. */
  private gone = new Set<string>();
  /** More runs are new than were read, and somebody points at the old ones. */
  private isBehind = false;
  private isRefreshing = false;
  private refreshedAt = 0;

  /** Until it is closed. */
  async open(): Promise<void> {
    try {
      await Promise.all([this.keepFresh(), this.follow()]);
    } catch (error) {
      if (!this.closing.signal.aborted) this.refused(error);
    }
  }

  close(): void {
    this.closing.abort();
    clearTimeout(this.gathering);
    this.known.clear();
    this.rows.value = undefined;
  }

  /** Shows others. @param query what the service is asked, each time anew: "an hour ago" moves on */
  show(query: () => Query): void {
    this.query = query;
    this.startOver();
    void this.refresh();
  }

  /** While somebody points at rows none comes or goes. */
  hold(isHeld: boolean): void {
    this.isHeld = isHeld;
    if (!isHeld) this.publish();
  }

  /** Shows the runs that wait, though the list is held. */
  showWaiting(): void {
    if (this.isBehind) return this.show(this.query);
    this.shown = new Set(this.known.keys());
    this.publish();
  }

  /** The next page. */
  async readMore(): Promise<void> {
    const { turn, cursor } = this;
    if (this.isReading.value || cursor === null || this.known.size >= MAX_ROWS) return;
    this.isReading.value = true;
    try {
      const page = await this.page({ ...this.query(), limit: PAGE, cursor });
      if (turn !== this.turn) return;
      for (const run of page.runs) {
        this.known.set(run.id, run);
        this.shown.add(run.id);
      }
      this.pages++;
      this.reached(page);
      this.publish();
    } catch (error) {
      this.refused(error);
    } finally {
      this.isReading.value = false;
    }
  }

  private startOver(): void {
    this.turn++;
    this.known = new Map();
    this.shown = new Set();
    this.gone = new Set();
    this.isBehind = false;
    this.cursor = null;
    this.rows.value = undefined;
    this.hasMore.value = this.isPartial.value = false;
    this.waiting.value = this.pages = 0;
  }

  private page(query: Query): Promise<Page> {
    return client.runs.list(query, { signal: this.closing.signal });
  }

  private reached({ next_cursor, has_more, count }: Page): void {
    this.cursor = next_cursor;
    const { status, executor, task, label } = this.query();
    this.isPartial.value =
      has_more && count < PAGE && [status, executor, task, label].some((one) => one != null);
    this.lookedAt.value = this.pages * LOOKED_AT;
    this.hasMore.value = has_more;
  }

  private async keepFresh(): Promise<void> {
    const { signal: ended } = this.closing;
    for (let round = 0; ; round++) {
      await isShown(ended);
      await this.refresh();
      if (round % 2 === 1) await this.refreshActive();
      await sleep(this.state.value === 'polling' ? POLL_MS : REFRESH_MS, ended);
    }
  }

  /** Reads the first page again. One at a time: what comes meanwhile is in the next one. */
  private async refresh(): Promise<void> {
    if (this.isRefreshing) return this.changed();
    this.isRefreshing = true;
    const { turn } = this;
    try {
      const page = await this.page({ ...this.query(), limit: PAGE });
      if (turn === this.turn) this.merge(page);
      await refreshCounts(this.closing.signal);
      this.trouble.value = undefined;
    } catch (error) {
      this.refused(error);
    } finally {
      this.isRefreshing = false;
      this.refreshedAt = Date.now();
    }
  }

  private merge(page: Page): void {
    const { value: rows } = this.rows;
    const oldest = page.has_more ? (page.runs.at(-1)?.id ?? '~') : '';
    const newest = rows?.[0]?.id;
    // So many are new that some in between were not read: the list begins anew with them.
    const isApart = newest !== undefined && oldest !== '~' && oldest > newest;
    this.isBehind = isApart && this.isHeld;
    if (this.isBehind) {
      this.waiting.value = page.count;
      return;
    }
    if (isApart) this.startOver();
    const listed = new Set(page.runs.map(({ id }) => id));
    for (const run of page.runs) this.put(run);
    // Deleted, or no longer what was asked for.
    for (const id of this.known.keys()) if (id >= oldest && !listed.has(id)) this.gone.add(id);
    // What comes after the last one that was read is what its page has said.
    if (this.pages <= 1) {
      this.pages = 1;
      this.reached(page);
    }
    this.publish();
  }

  /** An answer may be older than what an event has told since. */
  private put(run: RunItem): void {
    this.gone.delete(run.id);
    const known = this.known.get(run.id);
    if (!known || run.sequence >= known.sequence) this.known.set(run.id, run);
  }

  private async refreshActive(): Promise<void> {
    const rows = [...this.known.values()].slice(PAGE);
    if (!rows.some(({ completed_at }) => completed_at === null)) return;
    try {
      const { runs } = await this.page({ status: 'pending,running', limit: MAX_ACTIVE });
      for (const run of runs) if (this.known.has(run.id)) this.put(run);
      this.publish();
    } catch (error) {
      this.refused(error);
    }
  }

  private async follow(): Promise<void> {
    const { signal: ended } = this.closing;
    for (;;) {
      await isShown(ended);
      const slot = await takeSlot();
      try {
        if (slot) await this.stream();
        else {
          this.state.value = 'polling';
          await sleep(4 * POLL_MS, ended);
        }
      } finally {
        slot?.release();
      }
    }
  }

  /** Until the page is hidden for a while. */
  private async stream(): Promise<void> {
    const hidden = hiddenFor(HIDDEN_MS, this.closing.signal);
    const options = { from: 'tail', types: ['lifecycle.*'], signal: hidden.signal } as const;
    try {
      for await (const item of client.followAll(options)) {
        if (item.kind === 'event') this.hear(item.event);
        else if (item.kind === 'gap') this.changed();
        else if (item.kind === 'state') {
          this.state.value = item.state === 'waiting' ? 'reconnecting' : 'live';
          this.changed();
        }
      }
    } catch (error) {
      if (!hidden.signal.aborted || this.closing.signal.aborted) throw error;
      this.state.value = 'hidden';
    } finally {
      hidden.stop();
    }
  }

  private hear({ run_id, event, source, sequence, timestamp, data }: RunEvent): void {
    // An agent's own beginning and end are not those of the run.
    if (source != null) return;
    const run = this.known.get(run_id);
    const isEnd = ENDS.includes(event.action);
    if (run && sequence > run.sequence) {
      const { result = null, error = null } = (data ?? {}) as Pick<RunItem, 'result' | 'error'>;
      this.known.set(run_id, {
        ...run,
        ...(isEnd && {
          status: event.action as RunItem['status'],
          completed_at: timestamp,
          holder: null,
          result,
          error,
        }),
        sequence,
        last_event_at: timestamp,
      });
    }
    this.changed();
  }

  private changed(waitMs = GATHER_MS): void {
    this.gathering ??= setTimeout(() => {
      this.gathering = undefined;
      if (document.hidden || this.closing.signal.aborted) return;
      this.publish();
      const restMs = this.refreshedAt + REST_MS - Date.now();
      if (restMs > 0) this.changed(restMs);
      else void this.refresh();
    }, waitMs);
  }

  private publish(): void {
    if (this.closing.signal.aborted || this.isBehind) return;
    if (!this.isHeld) this.sweep();
    const runs = [...this.known.values()]
      .sort((one, other) => (one.id < other.id ? 1 : -1))
      .slice(0, MAX_ROWS);
    if (runs.length < this.known.size) this.known = new Map(runs.map((run) => [run.id, run]));
    if (!this.isHeld || !this.rows.value) this.shown = new Set(this.known.keys());
    const rows = runs.filter(({ id }) => this.shown.has(id));
    this.waiting.value = runs.length - rows.length;
    this.rows.value = rows;
  }

  /** Lets go of what has gone, and of what stands otherwise than was asked for. */
  private sweep(): void {
    const { status } = this.query();
    const wanted = status?.split(',');
    for (const [id, run] of this.known)
      if (this.gone.has(id) || (wanted && !wanted.includes(run.status))) this.known.delete(id);
    this.gone.clear();
  }

  private refused(error: unknown): void {
    if (this.closing.signal.aborted) return;
    noteRefusal(error);
    this.trouble.value =
      error instanceof RunstreamClientError
        ? error
        : new RunstreamClientError({ code: 'UNREACHABLE', message: String(error), cause: error });
  }
}
