import { Injectable } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { BEGINNING, type EventId } from '../../events/index.js';
import { EventStore } from '../log/event-store.js';
import { Journal } from '../log/journal.js';
import { JournalLog } from './journal-log.js';
import { LogFeed } from './log-feed.js';
import { LogWatcher, type LogWatchOptions } from './log-watcher.js';
import type { WatchStart } from './run-watcher.js';
import type { WatchSignal } from './watch-signal.js';

/**
 * Watching all runs of a tenant: its journal, history, then live. It never ends by itself.
 */
@Injectable()
export class JournalWatcher {
  constructor(
    private readonly store: EventStore,
    private readonly journal: Journal,
    private readonly logs: LogWatcher,
  ) {}

  /**
   * The cursor to watch from.
   *
   * @throws RedisUnavailableError
   */
  async locate(tenantId: string, start: WatchStart): Promise<EventId> {
    // Also for a cursor that is known: an outage must show before the stream begins.
    const last = await this.journal.last(tenantId);
    if (start === 'start') return BEGINNING;
    return start === 'tail' ? last : start;
  }

  watch(tenantId: string, options: LogWatchOptions): Observable<WatchSignal> {
    const { journalLive } = this.store.keys.partition(tenantId, 0);
    return this.logs.watch(
      journalLive,
      (onMended) => new LogFeed(new JournalLog(tenantId, journalLive, this.journal), onMended),
      options,
    );
  }
}
