import { Injectable } from '@nestjs/common';
import { defer, type Observable } from 'rxjs';
import { type EventId, type EventTypeFilter, isTerminal, sameEventId } from '../events/index.js';
import { EventStore } from './event-store.js';
import { LogWatcher, type LogWatchOptions } from './log-watcher.js';
import { RunFeed } from './run-feed.js';
import type { WatchSignal } from './watch-signal.js';

/** Where a watcher begins: after an event, with the first one, or with what comes next. */
export type WatchStart = EventId | 'start' | 'tail';

export interface WatchOptions extends Omit<LogWatchOptions, 'filter'> {
  /** Only events whose type passes. Default: all. */
  filter?: EventTypeFilter;
}

/**
 * Watching runs: history, then live, without a gap, a duplicate or a change of order in between.
 *
 * @publicApi
 */
@Injectable()
export class RunWatcher {
  constructor(
    private readonly store: EventStore,
    private readonly logs: LogWatcher,
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
    const { status, last } = await this.store.readRange(tenantId, runId, {
      from: '-',
      to: '+',
      order: 'desc',
      limit: 1,
      maxBytes: 0,
    });
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
}
