import type { RedisConnections } from '../../redis/index.js';
import { BUCKETS, hash } from '../buckets.js';
import { SCRIPTS } from '../scripts.js';
import { WORK_KEYS } from '../work-keys.js';

/** A member that gave no sign of life for so long. */
export interface GoneMember {
  name: string;
  /** Its last sign, in ms of Redis's clock. */
  lastSeen: number;
}

/** The processes of a consumer, and which of them is home to which bucket: it alone looks there unasked. */
export class Membership {
  /** Whether this process is home, by bucket. Until it has heard of the others it is to none. */
  private homes: boolean[] = [];
  private living = '';

  constructor(
    private readonly redis: RedisConnections,
    private readonly consumer: string,
    readonly name: string,
    /** For how long a member lives without a sign of life, in milliseconds. */
    readonly aliveMs: number,
  ) {}

  get isAlone(): boolean {
    return this.living === this.name;
  }

  isHome(bucket: number): boolean {
    return this.homes[bucket] ?? false;
  }

  /** Gives a sign of life. Says who is gone, and whether the others may have taken this member for gone. */
  async beat(): Promise<{ wasGone: boolean; gone: GoneMember[]; hasChanged: boolean }> {
    const [wasGone, count, ...names] = await this.run(false);
    const living = names.slice(0, count).sort();
    const gone: GoneMember[] = [];
    for (let i = living.length; i + 1 < names.length; i += 2)
      gone.push({ name: names[i] ?? '', lastSeen: Number(names[i + 1]) });
    const hasChanged = living.join(' ') !== this.living;
    if (hasChanged) {
      this.living = living.join(' ');
      this.homes = homesOf(living).map((home) => home === this.name);
    }
    return { wasGone: wasGone === '1', gone, hasChanged };
  }

  /** Is home to nothing any more; what it has in hand, others look after. */
  async leave(): Promise<void> {
    this.homes = [];
    await this.run(true);
  }

  /** Once it is looked after by others. */
  async forget(member: string): Promise<void> {
    await this.redis.commands.zrem(WORK_KEYS.members(this.consumer), member);
  }

  private run(isLeaving: boolean): Promise<[string, number, ...string[]]> {
    return SCRIPTS.member.ask(
      this.redis,
      [WORK_KEYS.members(this.consumer)],
      [this.name, this.aliveMs, isLeaving ? 1 : 0],
    ) as Promise<[string, number, ...string[]]>;
  }
}

/**
 * The home of each bucket: the member that ranks highest for it (rendezvous hashing) of those that have not their share
 * yet. All who know the same members come to the same result.
 */
export function homesOf(members: readonly string[]): string[] {
  if (members.length === 0) return [];
  const share = Math.floor(BUCKETS.length / members.length);
  let larger = BUCKETS.length % members.length;
  const counts = new Map<string, number>();
  return BUCKETS.map((bucket) => {
    let best = '';
    let bestRank = -1;
    for (const member of members) {
      const count = counts.get(member) ?? 0;
      if (count > share || (count === share && larger === 0)) continue;
      const rank = hash(`${bucket} ${member}`);
      if (rank > bestRank) [best, bestRank] = [member, rank];
    }
    const count = (counts.get(best) ?? 0) + 1;
    if (count > share) larger--;
    counts.set(best, count);
    return best;
  });
}
