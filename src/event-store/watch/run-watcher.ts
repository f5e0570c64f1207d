import { Injectable } from '@nestjs/common';
import { defer, type Observable } from 'rxjs';
import {
  type EventId,
  type EventTypeFilter,
  isTerminal,
  type PreparedEvent,
  sameEventId,
} from '../../events/index.js';
import { EventStore } from '../log/event-store.js';
import { LiveFeed } from './feed/live-feed.js';
import { LogWatcher, type LogWatchOptions } from './log-watcher.js';
import { toProvisionalEvent } from '../log/provisional-event.js';
import { RunFeed } from './feed/run-feed.js';
import type { WatchSignal } from './watch-signal.js';

/** Where a watcher begins: after an event, with the first one, or with what comes next. */
export type WatchStart = EventId | 'start' | 'tail';

export interface WatchOptions extends Omit<LogWatchOptions, 'filter'> {
  /** Only events whose type passes. Default: all. */
  filter?: EventTypeFilter;
}

/**
 * Watching runs: history, then live, without a gap, a duplicate or a change of order in between.
 */
@Injectable()
export class RunWatcher {
  constructor(
    private readonly store: EventStore,
    private readonly logs: LogWatcher,
    private readonly feeds: LiveFeed,
  ) {}

  /**
   * The cursor to watch from. `over` means that the watcher has everything: the run has ended, with the very
   * event it names.
   *
   * @throws RunNotFoundError, RunExpiredError, RedisUnavailableError
   */
  async locate(
    tenantId: string,
    runId: string,
    start: WatchStart,
  ): Promise<{ after: EventId; over: boolean }> {
    const { status, last } = await this.store.locate(tenantId, runId);
    if (start === 'start') return { after: { ms: 0, sequence: 0 }, over: false };
    if (start === 'tail') return { after: last, over: false };
    return { after: start, over: isTerminal(status) && sameEventId(start, last) };
  }

  /**
   * Watches a run until it ends, is deleted, or nobody listens any more. During an outage of Redis it waits.
   */
  watch(tenantId: string, runId: string, options: WatchOptions): Observable<WatchSignal> {
    const { filter, ...rest } = options;
    return defer(() =>
      this.logs.watch(
        this.store.keys.run(tenantId, runId).live,
        (onMended) => new RunFeed(tenantId, runId, this.store, onMended),
        { ...rest, ...(filter && { filter: (event) => filter(event.type) }) },
      ),
    );
  }

  /** Shows the run's watchers on this instance events that can't be stored at the moment; nobody else sees them. */
  showProvisional(tenantId: string, runId: string, events: readonly PreparedEvent[]): void {
    const { live } = this.store.keys.run(tenantId, runId);
    this.feeds.showProvisional(
      live,
      events.map((event) => toProvisionalEvent(tenantId, runId, event)),
    );
  }
}
