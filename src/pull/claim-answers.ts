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

/**
 * What workers were given, as long as its lease lasts: an answer may be lost on its way. Every method throws
 * RedisUnavailableError.
 */
@Injectable()
export class ClaimAnswers {
  constructor(
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
  ) {}

  async find<T>(call: ClaimCall): Promise<T[] | undefined> {
    const text = await redisCall(this.redis.commands.get(this.keyOf(call)));
    return text === null ? undefined : (JSON.parse(text) as T[]);
  }

  /** @returns false when the same call was given something else meanwhile: that stays */
  async keep(call: ClaimCall, given: readonly object[], leaseMs: number): Promise<boolean> {
    const kept = await redisCall(
      this.redis.commands.set(this.keyOf(call), JSON.stringify(given), 'PX', leaseMs, 'NX'),
    );
    return kept === 'OK';
  }

  private keyOf({ tenantId, kind, name, worker, claimId }: ClaimCall): string {
    const digest = createHash('sha256')
      .update(JSON.stringify([kind, name, worker, claimId]))
      .digest('base64url');
    return this.store.keys.partition(tenantId, 0).claim(digest);
  }
}
