import { Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { RedisConnections } from '../../redis/index.js';
import type { GroupMember } from '../members/group-member.js';
import type { GroupOverview } from './group-overview.js';
import { GroupOverviews } from './group-overviews.js';

/** Versions of a group that have a label of their own: the highest. */
const MOST_VERSIONS = 5;
const NO_VERSION = 'none';
const OTHER = 'other';

/** How the groups stand in Redis, in sum over all tenants. Each process gives the same answer. */
@Injectable()
export class GroupGauges {
  readonly metrics: readonly Gauge[];
  private measuring: Promise<readonly GroupOverview[]> | undefined;

  constructor(
    private readonly redis: RedisConnections,
    private readonly overviews: GroupOverviews,
  ) {
    this.metrics = [
      this.gauge('lag', 'Events that the group was not given yet, over all tenants.', ({ lag }) => lag),
      this.gauge(
        'lag_seconds',
        'Age of the oldest event of any tenant that is not handled, given out or not; 0 when all are.',
        ({ lagMs }) => lagMs / 1000,
      ),
      this.gauge(
        'pending',
        'Events that are given out and have no outcome, over all tenants.',
        ({ pending }) => pending,
      ),
      this.gauge('delayed', 'Of these: events that wait for another try.', ({ delayed }) => delayed),
      this.gauge(
        'dead_letters',
        'Dead letters, over all tenants, as a walk counted them that goes on with each look, 1000 tenants at a time.',
        ({ deadLetters }) => deadLetters,
      ),
      this.gauge(
        'oldest_pending_age_seconds',
        'Age of the oldest pending event of any tenant; 0 without one.',
        ({ oldestPendingMs }) => (oldestPendingMs ?? 0) / 1000,
      ),
      this.gauge(
        'tenants_behind',
        'Tenants with events that the group was not given yet.',
        (group) => group.tenantsBehind,
      ),
      this.gauge('tenants_paused', 'Tenants in which the group is paused.', (group) => group.tenantsPaused),
      this.gauge(
        'is_complete',
        '1 when all tenants in which there can be anything were looked at, 0 when there were more than 1000 of them.',
        ({ isComplete }) => Number(isComplete),
      ),
      this.members(),
    ];
  }

  private gauge(name: string, help: string, valueOf: (group: GroupOverview) => number): Gauge {
    const measure = () => this.measure();
    return new Gauge({
      name: `runstream_group_${name}`,
      help,
      aggregator: 'max',
      labelNames: ['group'],
      registers: [],
      async collect() {
        const groups = await measure();
        this.reset();
        for (const overview of groups) this.set({ group: overview.group }, valueOf(overview));
      },
    });
  }

  private members(): Gauge {
    const measure = () => this.measure();
    return new Gauge({
      name: 'runstream_group_members',
      help: 'Processes that run the group, by the version of their handler: the five highest, or `none`, or `other`.',
      aggregator: 'max',
      labelNames: ['group', 'version'],
      registers: [],
      async collect() {
        const groups = await measure();
        this.reset();
        for (const { group, members } of groups)
          for (const [version, count] of byVersion(members)) this.set({ group, version }, count);
      },
    });
  }

  /** Once for all gauges of a scrape. Without Redis there is nothing to say; that it is away is another metric. */
  private measure(): Promise<readonly GroupOverview[]> {
    if (!this.redis.isConnected) return Promise.resolve([]);
    this.measuring ??= this.overviews
      .list()
      .catch(() => [])
      .finally(() => {
        this.measuring = undefined;
      });
    return this.measuring;
  }
}

function byVersion(members: readonly GroupMember[]): Map<string, number> {
  const versions = [...new Set(members.flatMap(({ version }) => version ?? []))].sort((a, b) => b - a);
  const named = new Set(versions.slice(0, MOST_VERSIONS));
  const counts = new Map<string, number>();
  for (const { version } of members) {
    const label = version === undefined ? NO_VERSION : named.has(version) ? String(version) : OTHER;
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return counts;
}
