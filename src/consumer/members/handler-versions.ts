import { teamOf } from '../../stream-consumer/index.js';
import { groupConsumer } from '../group/group-work.js';
import type { RegisteredHandler } from '../handler/registered-handler.js';
import { announcementOf, fingerprintOf, type GroupFingerprint } from './group-member.js';
import type { GroupMembers } from './group-members.js';

/** A version of a group's handler other than the one of this process, and a process that has it. */
export interface OtherVersion {
  fingerprint: string;
  member: string;
}

/**
 * How the handler of this process stands among those with which other processes run the group at this moment, as in a
 * rolling deploy. What it knows is at most a second old.
 */
export class HandlerVersions {
  readonly fingerprint: string;
  private readonly group: string;
  private readonly team: string;

  constructor(
    handler: RegisteredHandler,
    named: readonly string[] | undefined,
    private readonly members: Pick<GroupMembers, 'view'>,
  ) {
    this.group = handler.options.group;
    this.team = teamOf(groupConsumer(this.group), named);
    this.fingerprint = fingerprintOf(announcementOf(handler, this.team));
  }

  /** Whether no process that serves the same tenants has a newer one. @throws RedisUnavailableError */
  async isNewest(): Promise<boolean> {
    const [newest] = await this.ofTeam();
    return newest === undefined || newest.fingerprint === this.fingerprint;
  }

  /** The others that may want events of a type, newest first. @throws RedisUnavailableError */
  async wanting(type: string): Promise<OtherVersion[]> {
    const found: OtherVersion[] = [];
    for (const one of await this.ofTeam()) {
      const [member] = one.byTeam.get(this.team) ?? [];
      if (one.fingerprint === this.fingerprint || member === undefined || !mayWant(one, type)) continue;
      found.push({ fingerprint: one.fingerprint, member });
    }
    return found;
  }

  private async ofTeam(): Promise<readonly GroupFingerprint[]> {
    return (await this.members.view(this.group)).filter(({ byTeam }) => byTeam.has(this.team));
  }
}

/** By its types alone: what its canHandle() says, only it knows. They may be types that this process never heard of. */
function mayWant({ types }: GroupFingerprint, type: string): boolean {
  if (!types) return true;
  const category = `${type.slice(0, type.indexOf('.'))}.*`;
  return types.includes(type) || types.includes(category);
}
