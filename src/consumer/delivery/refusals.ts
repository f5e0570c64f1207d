import type { GroupSource } from '../group/group-source.js';
import type { Delivery } from './delivery.js';
import type { HandlerVersions } from '../members/handler-versions.js';

const ONLY_OLDER =
  'only an older version of the handler wanted it: an ordered group is run by its newest version alone';

/**
 * What becomes of entries that the handler of this process does not want. While other versions of it run, as in a
 * rolling deploy, what one of them may want is not done for the group.
 */
export class Refusals {
  constructor(
    private readonly versions: HandlerVersions,
    private readonly isOrdered: boolean,
    /** Tells another process that it has been given something. */
    private readonly tell: (tenantId: string, member: string) => void,
  ) {}

  /**
   * Acknowledges them, or hands them on to a version that may want them and has not refused.
   *
   * @returns those that are to be dead-lettered, with the reason set; and those that were acknowledged
   * @throws RedisUnavailableError: then they are refused anew
   */
  async refuse(
    source: GroupSource,
    deliveries: readonly Delivery[],
  ): Promise<{ dead: Delivery[]; skipped: Delivery[] }> {
    const wanting = await Promise.all(deliveries.map(({ entry }) => this.versions.wanting(entry.event.type)));
    if (wanting.every(({ length }) => length === 0)) {
      await source.skip(deliveries.map(({ entry }) => entry));
      return { dead: [], skipped: [...deliveries] };
    }
    return this.isOrdered
      ? this.refuseInOrder(source, deliveries, (i) => wanting[i]?.length === 0)
      : this.handOn(source, deliveries, (i) => wanting[i] ?? []);
  }

  private async refuseInOrder(
    source: GroupSource,
    deliveries: readonly Delivery[],
    isUnwanted: (i: number) => boolean,
  ): Promise<{ dead: Delivery[]; skipped: Delivery[] }> {
    if (!(await this.versions.isNewest())) {
      // Whoever owns it next takes over whatever is pending, also if that is this process.
      source.takenOver = '';
      return { dead: [], skipped: [] };
    }
    const skipped = deliveries.filter((_, i) => isUnwanted(i));
    await source.skip(skipped.map(({ entry }) => entry));
    const dead = deliveries.filter((_, i) => !isUnwanted(i));
    for (const delivery of dead) delivery.refusal = ONLY_OLDER;
    return { dead, skipped };
  }

  private async handOn(
    source: GroupSource,
    deliveries: readonly Delivery[],
    wanting: (i: number) => readonly { fingerprint: string; member: string }[],
  ): Promise<{ dead: Delivery[]; skipped: Delivery[] }> {
    const answers = await source.handOn(
      deliveries.map(({ entry }, i) => ({ entry, to: wanting(i) })),
      this.versions.fingerprint,
    );
    const members = new Set(answers.flatMap((to, i) => (to > 0 ? [wanting(i)[to - 1]?.member ?? ''] : [])));
    for (const member of members) this.tell(source.tenantId, member);
    return { dead: [], skipped: deliveries.filter((_, i) => answers[i] === 0) };
  }
}
