import { pause } from '../../common/index.js';
import type { Partition } from '../../stream-consumer/index.js';
import type { GroupAnnouncement } from '../members/group-announcement.js';
import type { HandlerVersions } from '../members/handler-versions.js';

const EVERY_MS = 1000;

/** How a process takes part in an ordered group. */
export interface Participation {
  /** It takes entries from here on. */
  begin(): void;
  /** It takes none, and lets go of those that no handler runs for. */
  end(): Promise<void>;
  /** Whether no handler runs for a partition any more. */
  isIdle(partition: Partition): boolean;
  /** The partitions that it owns. */
  owned(): Partition[];
  letGo(partition: Partition): Promise<void>;
}

/**
 * Two versions of a handler would each own some partitions of an ordered group, and what one of them does not want would
 * be lost to the other. So an older one gives way, partition by partition as its handlers end, and is there again if the newer
 * one goes.
 */
export class Succession {
  private isTakingPart = false;

  constructor(
    private readonly versions: Pick<HandlerVersions, 'isNewest'>,
    private readonly announcement: Pick<GroupAnnouncement, 'announce'>,
    private readonly participation: Participation,
  ) {}

  async run(signal: AbortSignal, onError: (error: unknown) => void): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.look(signal);
      } catch (error) {
        onError(error);
      }
      await pause(EVERY_MS, signal);
    }
  }

  private async look(signal: AbortSignal): Promise<void> {
    const isNewest = await this.versions.isNewest();
    if (signal.aborted) return;
    if (isNewest && !this.isTakingPart) this.participation.begin();
    else if (!isNewest && this.isTakingPart) await this.participation.end();
    this.isTakingPart = isNewest;
    if (isNewest) return;
    // It gives no other sign of life, and what it wants is to be known.
    await this.announcement.announce();
    for (const partition of this.participation.owned()) {
      if (this.participation.isIdle(partition)) await this.participation.letGo(partition);
    }
  }
}
