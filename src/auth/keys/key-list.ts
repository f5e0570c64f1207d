import { redisCall, type RedisConnections } from '../../redis/index.js';
import { AUTH_KEYS } from '../auth-keys.js';
import { inOneStep } from './transaction.js';

/** Keys that are forgotten in one go; more follow with the next call. */
const FORGET_BATCH = 1000;
/** Digits of a time in ms, so that texts sort as times do. */
const DIGITS = 13;

/** A key's place in its tenant's list: `<created at>-<id>`. */
export type KeyPlace = string;

export function keyPlace({ id, createdAt }: { id: string; createdAt: number }): KeyPlace {
  return `${String(createdAt).padStart(DIGITS, '0')}-${id}`;
}

export const KEY_PLACE = /^\d{13}-[0-9a-f]{16}$/;

/** The ids of a tenant's keys, newest first. */
export class KeyList {
  constructor(private readonly redis: RedisConnections) {}

  /** @returns at most `limit` places, from after `cursor`, and whether there are more */
  async page(
    tenantId: string,
    limit: number,
    cursor?: KeyPlace,
  ): Promise<{ places: KeyPlace[]; hasMore: boolean }> {
    await this.forget(tenantId);
    const from = cursor === undefined ? '+' : `(${cursor}`;
    const places = await redisCall(
      this.redis.commands.zrevrangebylex(AUTH_KEYS.apiKeysOf(tenantId), from, '-', 'LIMIT', 0, limit + 1),
    );
    return { places: places.slice(0, limit), hasMore: places.length > limit };
  }

  /** Takes out what Redis has let expire by now. */
  async forget(tenantId: string): Promise<void> {
    const { commands } = this.redis;
    const toForget = AUTH_KEYS.apiKeysToForget(tenantId);
    const gone = await redisCall(
      commands.zrangebyscore(toForget, '-inf', Date.now(), 'LIMIT', 0, FORGET_BATCH),
    );
    if (gone.length === 0) return;
    await inOneStep(
      commands
        .multi()
        .zrem(AUTH_KEYS.apiKeysOf(tenantId), ...gone)
        .zrem(toForget, ...gone),
    );
  }
}

export function idOf(place: KeyPlace): string {
  return place.slice(DIGITS + 1);
}
