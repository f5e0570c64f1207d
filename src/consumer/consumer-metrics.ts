import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Counter, Histogram, type Metric } from 'prom-client';
import type { Subscription } from 'rxjs';
import { EventStore } from '../event-store/index.js';
import { type ConsumerSignal, ConsumerTelemetry } from './consumer-telemetry.js';
import { GroupGauges } from './overview/group-gauges.js';

/** Types of a registered category are any number: past this many, each is looked up anew. */
const MAX_CACHED_TYPES = 1000;
const OTHER = 'other';

/** What happened to one type of event in one group. Plain numbers: they are raised for every single event. */
interface Tally {
  labels: { group: string; type: string };
  delivered: number;
  succeeded: number;
  retried: number;
  dead: number;
  lost: number;
  abandoned: number;
  skipped: number;
  observe: (seconds: number) => void;
}

type Outcome = Exclude<keyof Tally, 'labels' | 'observe'>;

/** What the consumer groups do in this process; with GroupGauges, which tells how they stand in Redis. */
@Injectable()
export class ConsumerMetrics implements OnModuleDestroy {
  readonly metrics: readonly Metric[];
  private readonly durations = new Histogram({
    name: 'runstream_handler_duration_seconds',
    help: 'How long handlers took, whatever came of it.',
    labelNames: ['group', 'type'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 1, 5, 30, 120, 600],
    registers: [],
  });
  /** By group, then by label of the type. */
  private readonly tallies = new Map<string, Map<string, Tally>>();
  /** By group, then by type: the same tallies. */
  private readonly byType = new Map<string, Map<string, Tally>>();
  private readonly listening: Subscription;

  constructor(
    telemetry: ConsumerTelemetry,
    private readonly store: EventStore,
    standing: GroupGauges,
  ) {
    this.metrics = [
      this.counter('delivered', 'Attempts that were begun.'),
      this.counter('succeeded', 'Attempts that succeeded.'),
      this.counter('retried', 'Attempts after which the event is tried again.'),
      this.counter('dead', 'Events that were given up and are in the dead letters.', 'dead_lettered'),
      this.counter('skipped', 'Events that the handler did not want, or that were handled before.'),
      this.counter('lost', 'Attempts whose event had gone to another process meanwhile.'),
      this.counter('abandoned', 'Handlers that went on after their time limit and its grace period.'),
      this.durations,
      ...standing.metrics,
    ];
    this.listening = telemetry.signals.subscribe((signal) => {
      this.count(signal);
    });
  }

  onModuleDestroy(): void {
    this.listening.unsubscribe();
  }

  private count(signal: ConsumerSignal): void {
    switch (signal.kind) {
      case 'delivered':
      case 'skipped':
      case 'abandoned':
        this.tally(signal.group, signal.type)[signal.kind]++;
        return;
      case 'settled': {
        const tally = this.tally(signal.group, signal.type);
        tally[signal.outcome]++;
        tally.observe(signal.durationMs / 1000);
        return;
      }
      case 'dead':
        this.tally(signal.group, '').dead += signal.count;
        return;
    }
  }

  private tally(group: string, type: string): Tally {
    let types = this.byType.get(group);
    if (!types) this.byType.set(group, (types = new Map<string, Tally>()));
    let tally = types.get(type);
    if (!tally) {
      tally = this.tallyOf(group, this.labelOf(type));
      if (types.size < MAX_CACHED_TYPES) types.set(type, tally);
    }
    return tally;
  }

  private tallyOf(group: string, type: string): Tally {
    let tallies = this.tallies.get(group);
    if (!tallies) this.tallies.set(group, (tallies = new Map<string, Tally>()));
    let tally = tallies.get(type);
    if (!tally) {
      const child = this.durations.labels(group, type);
      tally = {
        labels: { group, type },
        ...{ delivered: 0, succeeded: 0, retried: 0, dead: 0, lost: 0, skipped: 0, abandoned: 0 },
        observe: (seconds) => {
          child.observe(seconds);
        },
      };
      tallies.set(type, tally);
    }
    return tally;
  }

  /** Labels are bounded: a registered type or category, or `other`. */
  private labelOf(type: string): string {
    const known = this.store.types.list();
    if (known.includes(type)) return type;
    const category = `${type.slice(0, type.indexOf('.'))}.*`;
    return known.includes(category) ? category : OTHER;
  }

  private counter(outcome: Outcome, help: string, name: string = outcome): Counter {
    const { tallies } = this;
    return new Counter({
      name: `runstream_consumer_${name}_total`,
      help,
      labelNames: ['group', 'type'],
      registers: [],
      collect() {
        this.reset();
        for (const types of tallies.values()) {
          for (const tally of types.values()) this.inc(tally.labels, tally[outcome]);
        }
      },
    });
  }
}
