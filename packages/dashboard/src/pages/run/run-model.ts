import { watches } from '../../parts/watches.js';
import { computed, effect, signal } from '@preact/signals';
import { type Coverage, coverageOf } from '../../rows/coverage.js';
import { EventRows } from '../../rows/event-rows.js';
import { NewEvents } from '../../rows/new-events.js';
import { agentOf, typeOf } from '../../rows/events.js';
import type { RowSource } from '../../rows/row-source.js';
import { Search } from '../../rows/search.js';
import { tellEvent, tellLog, tellStory, type View } from '../../rows/tell.js';
import { ToldRows } from '../../rows/told-rows.js';
import { RunFeed } from '../../store/run/run-feed.js';
import { Lanes } from './lanes/lanes.js';
import { Seen } from './seen.js';

export interface Filter {
  view: View;
  /** Empty: all. */
  type: string;
  agent: string;
  /** Where lines of a log are cut; undefined: nowhere. */
  columns: number | undefined;
}

/** A run and the rows of it that are shown. */
export class RunModel {
  readonly feed: RunFeed;
  readonly search = new Search();
  readonly seen = new Seen();
  readonly lanes = new Lanes();
  readonly rows = signal<RowSource>(new EventRows(new RunFeed('').log));
  readonly coverage = computed<Coverage>(() => {
    watches(this.feed.version);
    const { kind } = this.feed.state.value;
    const hasUnread = this.feed.isFilling.value || this.feed.hasUnread;
    return coverageOf(this.feed.log, { hasUnread, isOver: kind === 'ended' || kind === 'deleted' });
  });
  private readonly newEvents = new NewEvents();
  private shown: ToldRows | EventRows | undefined;
  private readonly stops: (() => void)[] = [];

  constructor(readonly id: string) {
    this.feed = new RunFeed(id);
  }

  /** Until it is stopped. */
  start(): void {
    void this.feed.open();
    this.stops.push(
      effect(() => {
        const coverage = this.coverage.value;
        this.look();
        this.shown?.update(coverage);
      }),
      effect(() => {
        watches(this.rows.value.version);
        this.search.look(this.rows.value);
      }),
    );
  }

  stop(): void {
    this.feed.close();
    this.search.close();
    this.lanes.close();
    this.closeRows();
    for (const stop of this.stops) stop();
  }

  show({ view, type, agent, columns }: Filter): void {
    this.closeRows();
    const { log } = this.feed;
    const isAll = type === '' && agent === '';
    const tell = view === 'story' ? tellStory : view === 'log' ? tellLog(columns) : tellEvent;
    this.shown =
      view === 'all' && isAll
        ? new EventRows(log)
        : new ToldRows(
            log,
            tell,
            (event) =>
              isAll ||
              ((type === '' || typeOf(event) === type || event.event.category === type) &&
                (agent === '' || agentOf(event) === agent)),
          );
    this.shown.update(this.coverage.peek());
    this.rows.value = this.shown;
  }

  private look(): void {
    const { log } = this.feed;
    const events = [...this.newEvents.of(log)];
    for (const event of events) this.seen.add(event);
    this.seen.tell();
    this.lanes.add(events, log.generation);
  }

  private closeRows(): void {
    if (this.shown instanceof ToldRows) this.shown.close();
  }
}
