import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram, type Metric } from 'prom-client';
import type { Gap } from './watch/watch-signal.js';

/** What LiveFeed knows of itself. */
export interface FeedStatistics {
  feeds: number;
  watchers: number;
  repairs: number;
}

/** What the event store does in this process. */
@Injectable()
export class EventStoreMetrics {
  readonly metrics: readonly Metric[];
  /** Set by LiveFeed. */
  feeds: () => FeedStatistics = () => ({ feeds: 0, watchers: 0, repairs: 0 });
  /** Plain numbers: they are raised on the way of every append and of every page. */
  private appendedEvents = 0;
  private pagesRead = 0;
  private readonly appends = new Histogram({
    name: 'runstream_append_duration_seconds',
    help: 'How long appends took, from the command to the answer of Redis; refused ones too.',
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2],
    registers: [],
  });
  private readonly gaps = new Counter({
    name: 'runstream_watch_gaps_total',
    help: 'How often a watcher was told that it missed something, by reason.',
    labelNames: ['reason'],
    registers: [],
  });

  private readonly failovers = new Counter({
    name: 'runstream_failovers_total',
    help: 'How often this process found another Redis server in the place of one, or one that was started anew. By shard: its lowest slot, 0 without a cluster.',
    labelNames: ['shard'],
    registers: [],
  });
  private readonly lostEvents = new Counter({
    name: 'runstream_lost_events_total',
    help: 'Events that this process had acknowledged and that a failover lost; each counted by one process.',
    registers: [],
  });

  constructor() {
    this.failovers.inc({ shard: '0' }, 0);
    this.gaps.inc({ reason: 'trimmed' }, 0);
    this.gaps.inc({ reason: 'diverged' }, 0);
    this.gaps.inc({ reason: 'gone' }, 0);
    this.metrics = [
      this.appends,
      counter('runstream_appended_events_total', 'Events that were appended.', () => this.appendedEvents),
      gauge('runstream_watchers', 'Watchers on this instance.', () => this.feeds().watchers),
      gauge('runstream_watched_logs', 'Runs and journals that are watched here.', () => this.feeds().feeds),
      counter(
        'runstream_catch_up_reads_total',
        'Pages that watchers read from the log, since they were not live.',
        () => this.pagesRead,
      ),
      counter(
        'runstream_feed_repairs_total',
        'How often a live feed found events in the log that pub/sub had lost.',
        () => this.feeds().repairs,
      ),
      this.gaps,
      this.failovers,
      this.lostEvents,
    ];
  }

  /** An append was answered, after `ms` milliseconds. */
  append(ms: number, events: number): void {
    this.appends.observe(ms / 1000);
    this.appendedEvents += events;
  }

  catchUpRead(): void {
    this.pagesRead++;
  }

  failover(shard: string): void {
    this.failovers.inc({ shard });
  }

  lost(events: number): void {
    this.lostEvents.inc(events);
  }

  /** `gone`: the log itself was missing. */
  gap(reason: Gap['reason'] | 'gone'): void {
    this.gaps.inc({ reason });
  }
}

function counter(name: string, help: string, value: () => number): Counter {
  return new Counter({
    name,
    help,
    registers: [],
    collect() {
      this.reset();
      this.inc(value());
    },
  });
}

function gauge(name: string, help: string, value: () => number): Gauge {
  return new Gauge({
    name,
    help,
    registers: [],
    collect() {
      this.set(value());
    },
  });
}
