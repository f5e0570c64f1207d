import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { EventStore } from '../event-store/index.js';
import { redisCall, RedisConnections } from '../redis/index.js';
import { SCRIPTS } from './scripts.js';

/**
 * Names one occurrence. Parts keep their places: an absent one (`null`, `undefined`) is not left out, so that a task
 * without an epic is never taken for an epic without a task. The number 1 and the text "1" are two keys.
 *
 * @publicApi
 */
export type IdempotencyKey = string | readonly (string | number | null | undefined)[];

/** How long a claim and a done marker last. @publicApi */
export interface ClaimOptions {
  /** How long the claim holds without an `extend()`, in milliseconds: after a crash, others wait so long. Default 60 000. */
  leaseMs?: number;
  /** How long it is remembered that the work is done, in seconds. Default 604 800 (a week). */
  ttlSeconds?: number;
}

/** What `claim()` gave. It holds nothing but data, so that it may travel with the work to another process. @publicApi */
export interface ClaimToken {
  readonly marker: string;
  readonly token: string;
  readonly ttlSeconds: number;
}

/** Whether a piece of work is to be done, and if not, why. @publicApi */
export type Claim =
  | { state: 'claimed'; token: ClaimToken }
  | { state: 'processed' }
  | { state: 'in-progress'; leaseLeftMs: number };

const DEFAULT_LEASE_MS = 60_000;
const DEFAULT_TTL_SECONDS = 604_800;
/** Of a marker that `markProcessed()` set: nobody's claim. */
const NOBODY = 'done -';

/**
 * Remembers what is done, for work outside of event handlers (which have their own markers): a webhook that comes
 * twice, a job that two timers start.
 *
 * ```ts
 * const claim = await tracker.claim(tenantId, 'invoices', [order.id, order.revision]);
 * if (claim.state !== 'claimed') return;
 * try {
 *   await send(order);
 *   await tracker.complete(claim.token);
 * } catch (error) {
 *   await tracker.release(claim.token);
 *   throw error;
 * }
 * ```
 *
 * Of many that claim a key at once, one gets it. A crash between claim and completion lets the next one in when the
 * lease is over: the work happens at least once, by one at a time. All methods throw RedisUnavailableError.
 *
 * @publicApi
 */
@Injectable()
export class IdempotencyTracker {
  constructor(
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
  ) {}

  /** Whether the work is done. For a decision to do it, use `claim()`: between an answer and a deed others may come. */
  async isProcessed(tenantId: string, scope: string, key: IdempotencyKey): Promise<boolean> {
    const marker = await redisCall(this.redis.commands.get(this.markerOf(tenantId, scope, key)));
    return marker?.startsWith('done ') ?? false;
  }

  /** Remembers that the work is done, whoever has claimed it. */
  async markProcessed(
    tenantId: string,
    scope: string,
    key: IdempotencyKey,
    { ttlSeconds = DEFAULT_TTL_SECONDS }: Pick<ClaimOptions, 'ttlSeconds'> = {},
  ): Promise<void> {
    assertWhole('ttlSeconds', ttlSeconds);
    await redisCall(this.redis.commands.set(this.markerOf(tenantId, scope, key), NOBODY, 'EX', ttlSeconds));
  }

  /** Takes the key for one piece of work, unless it is done or somebody else is at it. */
  async claim(
    tenantId: string,
    scope: string,
    key: IdempotencyKey,
    { leaseMs = DEFAULT_LEASE_MS, ttlSeconds = DEFAULT_TTL_SECONDS }: ClaimOptions = {},
  ): Promise<Claim> {
    assertWhole('leaseMs', leaseMs);
    assertWhole('ttlSeconds', ttlSeconds);
    const marker = this.markerOf(tenantId, scope, key);
    const token = randomUUID();
    const [state, leaseLeftMs = 0] = (await SCRIPTS.idempotencyClaim.run(
      this.redis.commands,
      [marker],
      [token, leaseMs],
    )) as [Claim['state'], number?];
    switch (state) {
      case 'claimed':
        return { state, token: { marker, token, ttlSeconds } };
      case 'processed':
        return { state };
      case 'in-progress':
        return { state, leaseLeftMs };
    }
  }

  /**
   * The work is done. May be repeated.
   *
   * @returns false when somebody else has claimed it meanwhile, because the lease had run out: it may happen twice
   */
  complete(claim: ClaimToken): Promise<boolean> {
    return this.settle(claim, 'complete', claim.ttlSeconds);
  }

  /** The work is not done: the next one may claim it at once. False when the claim was lost. */
  release(claim: ClaimToken): Promise<boolean> {
    return this.settle(claim, 'release', 0);
  }

  /** The work takes longer: the lease begins anew. False when the claim was lost, and the work is to be stopped. */
  extend(claim: ClaimToken, leaseMs = DEFAULT_LEASE_MS): Promise<boolean> {
    assertWhole('leaseMs', leaseMs);
    return this.settle(claim, 'extend', leaseMs);
  }

  private async settle({ marker, token }: ClaimToken, how: string, time: number): Promise<boolean> {
    return (await SCRIPTS.idempotencySettle.run(this.redis.commands, [marker], [token, how, time])) === 1;
  }

  private markerOf(tenantId: string, scope: string, key: IdempotencyKey): string {
    const parts = typeof key === 'string' ? [key] : key;
    if (parts.some((part) => typeof part === 'number' && !Number.isFinite(part))) {
      // JSON would write them as null, and so as one another.
      throw new TypeError('A number in an idempotency key must be finite: give a text instead.');
    }
    return this.store.keys.idempotencyMarker(tenantId, scope, parts);
  }
}

function assertWhole(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) throw new TypeError(`${name} must be a whole number above 0.`);
}
