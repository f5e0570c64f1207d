import { Logger } from '@nestjs/common';
import { every, pause, RedisUnavailableError } from '../../common/index.js';
import { isRedisUnavailable } from '../../redis/index.js';
import { teamOf } from '../../stream-consumer/index.js';
import { groupConsumer } from '../group/group-work.js';
import type { RegisteredHandler } from '../handler/registered-handler.js';
import { type AnnouncedHandler, announcementOf, fingerprintOf } from './group-member.js';
import { type GroupMembers, VIEW_MS } from './group-members.js';
import type { GroupTally } from './group-tally.js';
import { differenceFrom } from './member-difference.js';

const EVERY_MS = 10_000;

/** Announces that this process runs a group, from before it takes the first event until it takes no more. */
export class GroupAnnouncement {
  private readonly group: string;
  private readonly announced: AnnouncedHandler;
  private readonly logger: Logger;
  private readonly stopping = new AbortController();
  private repeating: Promise<void> | undefined;
  /** When this process's fingerprint was first announced. It holds even when Redis has forgotten. */
  private since = 0;

  constructor(
    handler: RegisteredHandler,
    private readonly member: string,
    named: readonly string[] | undefined,
    private readonly members: GroupMembers,
    private readonly tally: GroupTally,
  ) {
    this.group = handler.options.group;
    this.announced = announcementOf(handler, teamOf(groupConsumer(this.group), named));
    this.logger = new Logger(`Consumer ${this.group}`);
  }

  /**
   * Announces it, and warns once if others run the group in another way.
   *
   * @throws RedisUnavailableError: then it is to be started again
   */
  async start(): Promise<void> {
    await this.announce();
    const others = (await this.members.list(this.group)).filter(({ name }) => name !== this.member);
    const difference = differenceFrom(this.group, this.announced, others);
    if (difference !== undefined) this.logger.warn(difference);
    const { signal } = this.stopping;
    // From the first event on that it takes, the others know what it wants.
    if (others.some((one) => fingerprintOf(one) !== fingerprintOf(this.announced)))
      await pause(VIEW_MS, signal);
    if (signal.aborted) return;
    this.repeating = this.repeat(signal);
  }

  /** The process takes nothing more. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.repeating;
    await this.withdraw();
  }

  /** What the last handlers did after stop() counts too. */
  async finish(): Promise<void> {
    if (this.tally.has(this.group)) await this.withdraw();
  }

  private async repeat(signal: AbortSignal): Promise<void> {
    await pause(EVERY_MS, signal);
    await every(
      EVERY_MS,
      signal,
      () => this.announce(),
      (error) => {
        // An outage is logged once, by the connections.
        if (!(error instanceof RedisUnavailableError || isRedisUnavailable(error))) this.logger.error(error);
      },
    );
  }

  private async withdraw(): Promise<void> {
    const counts = this.tally.take(this.group);
    // Whoever is not heard of any more is gone a little later.
    await this.members.withdraw(this.group, this.member, this.announced, counts).catch(() => undefined);
  }

  /** Says again that it does, and what was done since. @throws RedisUnavailableError */
  async announce(): Promise<void> {
    const counts = this.tally.take(this.group);
    try {
      this.since = await this.members.announce(this.group, this.member, this.announced, this.since, counts);
    } catch (error) {
      this.tally.giveBack(this.group, counts);
      throw error;
    }
  }
}
