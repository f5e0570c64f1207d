import type { Partition } from '../../stream-consumer/index.js';
import type { GroupSource } from '../group/group-source.js';
import type { Delivery } from './delivery.js';
import type { HandlerVersions, OtherVersion } from '../members/handler-versions.js';

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
    private readonly tell: (partition: Partition, member: string) => void,
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
    if (!this.isOrdered || wanting.every(({ length }) => length === 0))
      return { dead: [], skipped: await this.handOn(source, deliveries, (i) => wanting[i] ?? []) };
    if (!(await this.versions.isNewest())) {
      // Whoever owns it next takes over whatever is pending, also if that is this process.
      source.takenOver = '';
      return { dead: [], skipped: [] };
    }
    const unwanted = deliveries.filter((_, i) => wanting[i]?.length === 0);
    const dead = deliveries.filter((_, i) => wanting[i]?.length !== 0);
    for (const delivery of dead) delivery.refusal = ONLY_OLDER;
    return { dead, skipped: await this.handOn(source, unwanted, () => []) };
  }

  /** Those that all have refused. */
  private async handOn(
    source: GroupSource,
    deliveries: readonly Delivery[],
    wanting: (i: number) => readonly OtherVersion[],
  ): Promise<Delivery[]> {
    const refused = deliveries.map(({ entry }, i) => ({ entry, to: wanting(i) }));
    const answers = await source.handOn(refused, this.versions.fingerprint);
    const members = new Set(answers.flatMap((to, i) => (to > 0 ? [wanting(i)[to - 1]?.member ?? ''] : [])));
    for (const member of members) this.tell(source.partition, member);
    return deliveries.filter((_, i) => answers[i] === 0);
  }
}
