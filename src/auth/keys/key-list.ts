import { redisCall, type RedisConnections } from '../../redis/index.js';
import { AUTH_KEYS } from '../auth-keys.js';
import { inOneStep } from './transaction.js';

/** Keys that are forgotten in one go; more follow with the next call. */
const FORGET_BATCH = 1000;
const MAX_WALK_MS = 2000;
/** Redis keys that are looked at in one go. */
const WALK_STEP = 1000;
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

  /** Those that have a list, by name. There is no index of them, since nothing else asks. */
  async tenants(limit: number): Promise<{ tenants: string[]; complete: boolean }> {
    const before = `${this.redis.commands.options.keyPrefix ?? ''}${AUTH_KEYS.apiKeysOf('')}`;
    const pattern = `${before.replaceAll(/[*?[\]\\^]/g, '\\$&')}*`;
    const found = new Set<string>();
    const endsAt = performance.now() + MAX_WALK_MS;
    let complete = true;
    // One master of a cluster has them all, and a walk tells which.
    for (const master of this.redis.masters()) {
      let cursor = '0';
      do {
        const [next, keys] = await redisCall(master.scan(cursor, 'MATCH', pattern, 'COUNT', WALK_STEP));
        for (const key of keys) found.add(key.slice(before.length));
        cursor = next;
      } while (cursor !== '0' && found.size <= limit && performance.now() < endsAt);
      complete &&= cursor === '0';
    }
    return { tenants: [...found].sort().slice(0, limit), complete: complete && found.size <= limit };
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
