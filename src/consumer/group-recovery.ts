import type { Redis } from 'ioredis';
import type { RedisConnections } from '../redis/index.js';
import { redisCall } from '../redis/index.js';
import type { Deliverer } from './deliverer.js';
import type { Delivery } from './delivery.js';
import type { GroupSource, Page } from './group-source.js';
import { noRecovery, type RecoveryResult } from './recovery-result.js';

const PAGE = 100;

/** Finds entries that nobody works on any more, and has them handled. */
export class GroupRecovery {
  /** What the last one found. */
  last: RecoveryResult = noRecovery();

  constructor(
    private readonly redis: RedisConnections,
    private readonly deliverer: Deliverer,
    private readonly leaseMs: number,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * Takes over what others have left for a whole lease, walking each pending list to its end; resolves when all of it
   * has an outcome.
   */
  async claimStale(sources: readonly GroupSource[]): Promise<RecoveryResult> {
    const result = noRecovery();
    if (!(await this.isPatient())) return result;
    const outcomes: Promise<void>[] = [];
    for (const source of sources) {
      await this.walk(
        (after) => source.claimStale(PAGE, after),
        (page) => this.deliver(source, page, result, outcomes),
      );
    }
    return this.finish(result, outcomes);
  }

  /** Takes over the whole pending list of an ordered group, in order; what becomes of it shows in `last` later. */
  async takeOver(source: GroupSource): Promise<void> {
    const result = noRecovery();
    const outcomes: Promise<void>[] = [];
    await this.walk(
      (after) => source.takeOver(PAGE, after),
      (page) => this.deliver(source, page, result, outcomes),
    );
    if (result.claimed > 0) this.last = result;
  }

  private async walk(
    read: (after: string) => Promise<Page>,
    deliver: (page: Page) => Promise<void>,
  ): Promise<void> {
    let after: string | undefined = '-';
    while (after !== undefined && !this.signal.aborted) {
      const page: Page = await read(after);
      await deliver(page);
      after = page.next;
    }
  }

  private async deliver(
    source: GroupSource,
    { buried, entries }: Page,
    result: RecoveryResult,
    outcomes: Promise<void>[],
  ): Promise<void> {
    result.claimed += entries.length + buried;
    result.failed += buried;
    const dueTimes = await source.dueTimes(entries);
    const deliveries = entries.map((entry, i): Delivery => {
      const delivery: Delivery = { source, entry, dueAt: dueTimes[i] };
      outcomes.push(
        new Promise((resolve) => {
          delivery.onSettled = (how) => {
            result[how]++;
            resolve();
          };
        }),
      );
      return delivery;
    });
    await this.deliverer.accept(deliveries);
  }

  private async finish(result: RecoveryResult, outcomes: Promise<void>[]): Promise<RecoveryResult> {
    const stopped = new Promise<void>((resolve) => {
      if (this.signal.aborted) resolve();
      this.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.race([Promise.all(outcomes), stopped]);
    if (result.claimed > 0) this.last = result;
    return result;
  }

  /** Idle time counts while Redis is down: whoever lives must have had the time to say so first. */
  private async isPatient(): Promise<boolean> {
    return this.redis.connectedForMs >= this.leaseMs || (await uptimeMs(this.redis.commands)) >= this.leaseMs;
  }
}

async function uptimeMs(redis: Redis): Promise<number> {
  const seconds = /^uptime_in_seconds:(\d+)/m.exec(await redisCall(redis.info('server')))?.[1];
  return Number(seconds ?? 0) * 1000;
}
