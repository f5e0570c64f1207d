import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { EventStore } from '../event-store/index.js';
import { redisCall, RedisConnections } from '../redis/index.js';
import type { ServedKind } from './definitions.js';

/** Which call of a worker for work: it names itself, so that it can be asked again. */
export interface ClaimCall {
  tenantId: string;
  kind: ServedKind;
  /** Of the executor or the group. */
  name: string;
  worker: string;
  claimId: string;
}

/** Where a call gets its work. */
export interface Claiming<Given, Kept extends object> {
  readonly take: () => Promise<Given[]>;
  /** What is remembered of it, for as long as its lease lasts. */
  readonly keep: (given: Given) => Kept;
  /** What its worker holds still of what is remembered. */
  readonly stillHeld: (kept: readonly Kept[]) => Promise<Given[]>;
  /** Others may have it. */
  readonly giveBack: (given: readonly Given[]) => Promise<void>;
}

/** Gives a call that is made again what it was given: an answer may be lost on its way. */
@Injectable()
export class ClaimAnswers {
  constructor(
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
  ) {}

  /** @throws RedisUnavailableError, and whatever `claiming` throws */
  async answer<Given, Kept extends object>(
    call: ClaimCall,
    leaseMs: number,
    claiming: Claiming<Given, Kept>,
  ): Promise<Given[]> {
    const key = this.keyOf(call);
    const earlier = await this.earlier(key, claiming);
    if (earlier.length > 0) return earlier;
    const given = await claiming.take();
    if (given.length === 0 || (await this.isFirst(key, given.map(claiming.keep), leaseMs))) return given;
    // The same call, made twice at once, was given others.
    await claiming.giveBack(given);
    return this.earlier(key, claiming);
  }

  private async earlier<Given, Kept extends object>(
    key: string,
    { stillHeld }: Claiming<Given, Kept>,
  ): Promise<Given[]> {
    const text = await redisCall(this.redis.commands.get(key));
    return text === null ? [] : stillHeld(JSON.parse(text) as Kept[]);
  }

  private async isFirst(key: string, kept: readonly object[], leaseMs: number): Promise<boolean> {
    const text = JSON.stringify(kept);
    return (await redisCall(this.redis.commands.set(key, text, 'PX', leaseMs, 'NX'))) === 'OK';
  }

  private keyOf({ tenantId, kind, name, worker, claimId }: ClaimCall): string {
    const digest = createHash('sha256')
      .update(JSON.stringify([kind, name, worker, claimId]))
      .digest('base64url');
    return this.store.keys.partition(tenantId, 0).claim(digest);
  }
}
