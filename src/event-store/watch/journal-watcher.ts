import { Injectable } from '@nestjs/common';
import { Observable } from 'rxjs';
import { BEGINNING } from '../../events/index.js';
import { EventStore } from '../log/event-store.js';
import { Journal } from '../log/journal/journal.js';
import { type JournalCursor, positionIn } from '../log/journal/journal-cursor.js';
import { Partitions } from '../partitions/partitions.js';
import { UNLIMITED_DEMAND } from './demand.js';
import { JournalLog } from './feed/journal-log.js';
import { LogFeed } from './feed/log-feed.js';
import { LogWatcher, type LogWatchOptions } from './log-watcher.js';
import { MergedWatch } from './merged-watch.js';
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
    private readonly partitions: Partitions,
  ) {}

  /**
   * The cursor to watch from.
   *
   * @throws RedisUnavailableError
   */
  async locate(tenantId: string, start: JournalCursor | 'start' | 'tail'): Promise<JournalCursor> {
    // Also for a cursor that is known: an outage must show before the stream begins.
    const lasts = await Promise.all(
      this.partitions.of(tenantId).map((partition) => this.journal.last(tenantId, partition)),
    );
    if (start === 'start') return [BEGINNING];
    return start === 'tail' ? lasts : start;
  }

  /** @param options `after` is where it begins; partitions that come later are watched from their beginning */
  watch(
    tenantId: string,
    { after, ...rest }: Omit<LogWatchOptions, 'after' | 'onLive'> & { after: JournalCursor },
  ): Observable<WatchSignal> {
    return new Observable((out) => {
      const options = { demand: UNLIMITED_DEMAND, ...rest, after: positionIn(after, 0) };
      const merged = new MergedWatch(
        (partition, its) => this.watchOne(tenantId, partition, its),
        after,
        options,
        out,
      );
      // A process that has not heard of a raise must not refuse the cursor of one that has.
      const grow = (): void => {
        merged.grow(Math.max(this.partitions.countOf(tenantId), after.length));
      };
      out.add(this.partitions.watch(grow));
      out.add(() => {
        merged.close();
      });
      grow();
    });
  }

  private watchOne(tenantId: string, partition: number, options: LogWatchOptions): Observable<WatchSignal> {
    const { journalLive } = this.store.keys.partition(tenantId, partition);
    return this.logs.watch(
      journalLive,
      (onMended) => new LogFeed(new JournalLog(tenantId, partition, journalLive, this.journal), onMended),
      options,
    );
  }
}
