import { serviceNow } from '../../service/clock.js';
import { RunstreamClientError } from '@runstream/client';
import type { ConsumerGroup, GroupOverview, PendingEvent } from '../../sentences/group-facts.js';
import { isHeldLong } from '../../sentences/group-state.js';
import { client } from '../../service/client.js';
import { session } from '../../service/session.js';
import { Trends } from './trends.js';

/** Groups with something that fails of which one look asks what. */
const MOST_ASKED = 8;
const PENDING = 50;

export interface GroupView {
  group: ConsumerGroup;
  growth: number | undefined;
  out: number | undefined;
  pending: readonly PendingEvent[];
  /** Of the deployment, where it may be read. */
  overview: GroupOverview | undefined;
}

/** What the pages of groups show, of one look at the service. */
export class GroupsSource {
  private readonly trends = new Trends();
  private isWhole = true;

  async load(signal: AbortSignal): Promise<GroupView[]> {
    const [{ groups }, overviews] = await Promise.all([
      client.consumers.list({ signal }),
      this.overviews(signal),
    ]);
    this.trends.note(groups, serviceNow());
    const asked = groups.filter(hasTrouble).slice(0, MOST_ASKED);
    const pending = new Map(
      await Promise.all(asked.map(async ({ group }) => [group, await oldestOf(group, signal)] as const)),
    );
    // Where requests name their tenant, the overview is of all of them.
    const isOfTenant = session.value?.tenants === 'fixed';
    return groups.map((group) => {
      const overview = overviews.find((one) => one.group === group.group);
      return {
        group,
        overview,
        growth: this.trends.growth(group.group),
        out: isOfTenant ? overview?.rates.handled_per_second : undefined,
        pending: pending.get(group.group) ?? [],
      };
    });
  }

  /** Empty where it is not for the caller. */
  private async overviews(signal: AbortSignal): Promise<readonly GroupOverview[]> {
    if (!this.isWhole) return [];
    try {
      return (await client.consumers.overview({ signal })).groups;
    } catch (error) {
      if (!(error instanceof RunstreamClientError) || error.status !== 403) throw error;
      this.isWhole = false;
      return [];
    }
  }
}

function hasTrouble(group: ConsumerGroup): boolean {
  const facts = { group, at: 0, growth: undefined, out: undefined, pending: [] };
  return group.handled && !group.paused && (group.delayed_retries > 0 || isHeldLong(facts));
}

async function oldestOf(group: string, signal: AbortSignal): Promise<readonly PendingEvent[]> {
  try {
    return (await client.consumers.pending(group, { limit: PENDING }, { signal })).pending;
  } catch (error) {
    // Deleted meanwhile.
    if (error instanceof RunstreamClientError && error.status === 404) return [];
    throw error;
  }
}
