import type { Patience } from '../group/patience.js';
import { SCRIPTS } from '../scripts.js';
import type { RedisClient } from '../../redis/index.js';

/** Thrown when another process owns an ordered group now. */
export class OwnershipLostError extends Error {}

/** A fence that is nobody's. */
export const NO_FENCE = '-';

/** Who may handle an ordered group's events of one partition: its journal, and what was sent back to the group. */
export class Ownership {
  /** That of this process while it is the owner, as far as it knows; else ''. Each owner has a higher one. */
  fence = '';
  private trying: Promise<boolean> | undefined;
  private isGivenUp = false;

  constructor(
    private readonly redis: RedisClient,
    private readonly key: string,
    private readonly consumer: string,
    private readonly leaseMs: number,
    private readonly patience: Patience,
  ) {}

  get isOurs(): boolean {
    return this.fence !== '';
  }

  /**
   * Becomes or stays the owner, if it can be had. One try at a time: two would take each other's fence for another
   * process's.
   *
   * @returns whether the fence is another than before
   */
  renew(): Promise<boolean> {
    if (this.isGivenUp) return this.trying ?? Promise.resolve(false);
    this.trying ??= this.tryToOwn().finally(() => (this.trying = undefined));
    return this.trying;
  }

  /**
   * Lets another become the owner at once, and is never the owner again. A renewal that is under way would take it back
   * afterwards, so it is waited for; one whose answer was lost is given up by the consumer's name.
   */
  async giveUp(): Promise<void> {
    this.isGivenUp = true;
    await this.trying?.catch(() => undefined);
    this.fence = await this.own(0, false);
  }

  private async tryToOwn(): Promise<boolean> {
    const before = this.fence;
    this.fence = await this.own(this.leaseMs, !(await this.patience.isOver(this.key)));
    return this.fence !== before;
  }

  private async own(leaseMs: number, patient: boolean): Promise<string> {
    const args = [this.consumer, this.fence, leaseMs, patient ? 1 : 0];
    return (await SCRIPTS.own.run(this.redis, [this.key], args)) as string;
  }
}
