import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Subscription } from 'rxjs';
import { type ConsumerSignal, ConsumerTelemetry } from '../consumer-telemetry.js';
import { addCounts, type GroupCounts, NO_COUNTS } from './group-counts.js';

/** What this process did in each group since that was last taken to Redis. */
@Injectable()
export class GroupTally implements OnModuleDestroy {
  private readonly groups = new Map<string, GroupCounts>();
  private readonly listening: Subscription;

  constructor(telemetry: ConsumerTelemetry) {
    this.listening = telemetry.signals.subscribe((signal) => {
      this.count(signal);
    });
  }

  onModuleDestroy(): void {
    this.listening.unsubscribe();
  }

  has(group: string): boolean {
    return this.groups.has(group);
  }

  /** Takes what was counted. What can't be written is to be given back. */
  take(group: string): GroupCounts {
    const counts = this.groups.get(group) ?? NO_COUNTS;
    this.groups.delete(group);
    return counts;
  }

  giveBack(group: string, counts: GroupCounts): void {
    this.groups.set(group, addCounts(this.of(group), counts));
  }

  private count(signal: ConsumerSignal): void {
    if (signal.kind === 'dead') this.of(signal.group).dead += signal.count;
    if (signal.kind !== 'settled') return;
    const counts = this.of(signal.group);
    if (signal.outcome === 'succeeded') counts.handled++;
    if (signal.outcome === 'retried' || signal.outcome === 'dead') counts.failed++;
    if (signal.outcome === 'dead') counts.dead++;
  }

  private of(group: string): GroupCounts {
    let counts = this.groups.get(group);
    if (!counts) this.groups.set(group, (counts = { ...NO_COUNTS }));
    return counts;
  }
}
