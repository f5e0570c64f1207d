import { Injectable } from '@nestjs/common';
import { groupCountsKey, groupMembersKey } from '../../event-store/index.js';
import { redisCall, RedisConnections } from '../../redis/index.js';
import { Heartbeats } from '../../stream-consumer/index.js';
import { SCRIPTS } from '../scripts.js';
import {
  type AnnouncedHandler,
  byRank,
  fingerprintOf,
  type GroupFingerprint,
  type GroupMember,
} from './group-member.js';
import { type GroupCounts, NO_COUNTS } from './group-counts.js';

/**
 * A member that gave no sign of life for so long is gone, in milliseconds. Longer than it takes until others look after
 * what it had: one that only stalled is still asked what it wants.
 */
export const GONE_AFTER_MS = 5000;
/** A member that has not announced itself for so long is forgotten, in milliseconds. */
const REMEMBERED_MS = 60_000;
/** How old a view may be, in milliseconds. */
export const VIEW_MS = 1000;

/** The processes that run a group, as each of them announces itself. Every method throws RedisUnavailableError. */
@Injectable()
export class GroupMembers {
  private readonly views = new Map<string, { since: number; view: Promise<readonly GroupFingerprint[]> }>();

  constructor(
    private readonly redis: RedisConnections,
    private readonly heartbeats: Heartbeats,
  ) {}

  /**
   * Says that a process runs a group, and what it did since it last said so. To be repeated.
   *
   * @param knownSince when its fingerprint was first announced, as an earlier announcement of it answered
   * @returns when its fingerprint was first announced, in ms of Redis's clock
   */
  async announce(
    group: string,
    member: string,
    announced: AnnouncedHandler,
    knownSince = 0,
    counts: GroupCounts = NO_COUNTS,
  ): Promise<number> {
    return this.write(group, member, announced, JSON.stringify(announced), knownSince, counts);
  }

  /** It runs the group no more. */
  async withdraw(
    group: string,
    member: string,
    announced: AnnouncedHandler,
    counts: GroupCounts = NO_COUNTS,
  ): Promise<void> {
    await this.write(group, member, announced, '', 0, counts);
  }

  /** Those that live, by name. */
  async list(group: string): Promise<GroupMember[]> {
    return (await this.read(group)).members;
  }

  /** What live members want, newest first: at most a second old, and one read for all who ask meanwhile. */
  view(group: string): Promise<readonly GroupFingerprint[]> {
    const known = this.views.get(group);
    const now = performance.now();
    if (known && now - known.since < VIEW_MS) return known.view;
    const view = this.read(group).then(({ members, first }) => toFingerprints(members, first));
    this.views.set(group, { since: now, view });
    view.catch(() => {
      if (this.views.get(group)?.view === view) this.views.delete(group);
    });
    return view;
  }

  private async write(
    group: string,
    member: string,
    announced: AnnouncedHandler,
    text: string,
    knownSince: number,
    { handled, failed, dead }: GroupCounts,
  ): Promise<number> {
    return (await SCRIPTS.announce.run(
      this.redis.commands,
      [groupMembersKey(group), groupCountsKey(group)],
      [member, fingerprintOf(announced), text, knownSince, REMEMBERED_MS, handled, failed, dead],
    )) as number;
  }

  private async read(group: string): Promise<{ members: GroupMember[]; first: ReadonlyMap<string, number> }> {
    const fields = await redisCall(this.redis.commands.hgetall(groupMembersKey(group)));
    const first = new Map<string, number>();
    const announced: Omit<GroupMember, 'idleMs'>[] = [];
    for (const [field, value] of Object.entries(fields)) {
      const name = field.slice(2);
      if (field.startsWith('f:')) first.set(name, Number(value));
      const member = field.startsWith('m:') ? readMember(name, value) : undefined;
      if (member) announced.push(member);
    }
    if (announced.length === 0) return { members: [], first };
    const seen = await this.heartbeats.read(new Set(announced.map(({ team }) => team)));
    const members = announced
      .map((member) => {
        const lastSeen = Math.max(member.lastSeen, seen.members.get(member.name) ?? 0);
        return { ...member, lastSeen, idleMs: Math.max(0, seen.now - lastSeen) };
      })
      .filter(({ idleMs }) => idleMs < GONE_AFTER_MS)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    return { members, first };
  }
}

/** Undefined for what no process of this version wrote. */
function readMember(name: string, value: string): Omit<GroupMember, 'idleMs'> | undefined {
  const [, at, fingerprint, text] = /^(\d+) (\S+) (.*)$/s.exec(value) ?? [];
  if (at === undefined || fingerprint === undefined || text === undefined) return undefined;
  try {
    const announced = JSON.parse(text) as AnnouncedHandler;
    return { ...announced, name, fingerprint, lastSeen: Number(at) };
  } catch {
    return undefined;
  }
}

function toFingerprints(
  members: readonly GroupMember[],
  first: ReadonlyMap<string, number>,
): GroupFingerprint[] {
  type Growing = Omit<GroupFingerprint, 'members' | 'byTeam'> & {
    members: string[];
    byTeam: Map<string, string[]>;
  };
  const all = new Map<string, Growing>();
  for (const { fingerprint, name, team, types, ordering, hasCanHandle, version } of members) {
    let one = all.get(fingerprint);
    if (!one) {
      const firstAnnounced = first.get(fingerprint) ?? 0;
      const what = { fingerprint, types, ordering, hasCanHandle, version, firstAnnounced };
      all.set(fingerprint, (one = { ...what, members: [], byTeam: new Map() }));
    }
    one.members.push(name);
    const ofTeam = one.byTeam.get(team);
    if (ofTeam) ofTeam.push(name);
    else one.byTeam.set(team, [name]);
  }
  return [...all.values()].sort(byRank);
}
