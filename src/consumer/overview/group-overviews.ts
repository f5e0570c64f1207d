import { Injectable } from '@nestjs/common';
import { GROUP_PATTERN } from '../../event-store/index.js';
import { Announcements } from '../../stream-consumer/index.js';
import { ConsumerRunner } from '../consumer-runner.js';
import { groupOf } from '../group/group-work.js';
import { type GroupOverview, GroupOverviewReader } from './group-overview.js';

/** Groups that are summed up: those of this application, then those that were handled last. */
const MOST_GROUPS = 100;
/** A group that no process had for so long is left out, unless this application has it: touches are kept no longer. */
const HEARD_WITHIN_MS = 3_600_000;
/** How old a sum may be, in milliseconds. */
const FRESH_MS = 3000;

/** The groups there are, each summed up over all tenants, once for all who ask within three seconds. */
@Injectable()
export class GroupOverviews {
  private readonly known = new Map<string, { since: number; overview: Promise<GroupOverview> }>();

  constructor(
    private readonly runner: ConsumerRunner,
    private readonly announcements: Announcements,
    private readonly reader: GroupOverviewReader,
  ) {}

  /** By name. @throws RedisUnavailableError */
  async list(): Promise<GroupOverview[]> {
    const groups = await this.names();
    this.reader.keepOnly(groups);
    for (const group of this.known.keys()) if (!groups.includes(group)) this.known.delete(group);
    const overviews: GroupOverview[] = [];
    // One after the other: nobody is in a hurry, and others use the connection.
    for (const group of groups) overviews.push(await this.of(group));
    return overviews;
  }

  /** @throws RedisUnavailableError */
  of(group: string): Promise<GroupOverview> {
    const known = this.known.get(group);
    const now = performance.now();
    if (known && now - known.since < FRESH_MS) return known.overview;
    const overview = this.reader.read(group);
    this.known.set(group, { since: now, overview });
    overview.catch(() => {
      if (this.known.get(group)?.overview === overview) this.known.delete(group);
    });
    return overview;
  }

  private async names(): Promise<string[]> {
    const registered = this.runner.registered.map(({ options }) => options.group);
    const heard = await this.announcements.list(HEARD_WITHIN_MS, 2 * MOST_GROUPS);
    const groups = heard
      .flatMap((consumer) => groupOf(consumer) ?? [])
      .filter((group) => GROUP_PATTERN.test(group));
    return [...new Set([...registered, ...groups])].slice(0, MOST_GROUPS).sort();
  }
}
