import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { randomBytes } from 'node:crypto';
import { ValidationFailedError } from '../../common/index.js';
import { redisCall, RedisConnections } from '../../redis/index.js';
import { assertTenantId } from '../../tenancy/index.js';
import { AUTH_KEYS } from '../auth-keys.js';
import { isGood, isMoment } from '../good-until.js';
import type { Principal } from '../principal.js';
import { isScope, type Scope } from '../scopes/scopes.js';
import { hashSecret, newSecret, sameHash } from '../secret.js';
import { idOf, KeyList, keyPlace } from './key-list.js';
import { inOneStep } from './transaction.js';

const PATTERN = /^rs_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;
/** What a lookup may be out of date: so long a revoked key still works. */
const CACHE_MS = 1000;
const MAX_CACHED = 10_000;
/** So long a key that has expired or was revoked is still listed, in milliseconds (30 days); then it is forgotten. */
const KEPT_MS = 30 * 86_400_000;
const NO_HASH = hashSecret('');
/** `last_used_at` is as exact as this. */
const LAST_USE_MS = 60_000;

/** An API key as it is stored: never the key itself. */
export interface ApiKey {
  id: string;
  name: string;
  tenantId: string;
  scopes: Scope[];
  /** All times in ms since the epoch. */
  createdAt: number;
  expiresAt: number | undefined;
  revokedAt: number | undefined;
  lastUsedAt: number | undefined;
}

export interface NewApiKey {
  name: string;
  tenantId: string;
  scopes: readonly Scope[];
  expiresAt?: number;
}

export interface ApiKeyPage {
  keys: ApiKey[];
  /** Where the next page begins; undefined on the last one. */
  next: string | undefined;
}

interface StoredKey extends ApiKey {
  hash: string;
}

/** API keys: `rs_<id>_<secret>`, shown once, stored hashed. @publicApi */
@Injectable()
export class ApiKeys {
  /** Ids that do not exist are remembered as well; guessing them must not fill the memory. */
  private readonly cache = new LRUCache<string, { key: StoredKey | undefined }>({
    max: MAX_CACHED,
    ttl: CACHE_MS,
  });
  private readonly ids: KeyList;

  constructor(private readonly redis: RedisConnections) {
    this.ids = new KeyList(redis);
  }

  /**
   * @returns the key, which can't be had again, beside what is stored of it
   * @throws ValidationFailedError when the tenant id or the expiry is none
   */
  async create(request: NewApiKey): Promise<{ secret: string; key: ApiKey }> {
    assertTenantId(request.tenantId);
    assertExpiry(request.expiresAt);
    await this.ids.forget(request.tenantId);
    const id = randomBytes(8).toString('hex');
    const secret = `rs_${id}_${newSecret()}`;
    const createdAt = Date.now();
    const place = keyPlace({ id, createdAt });
    const commands = this.redis.commands
      .multi()
      .hset(AUTH_KEYS.apiKey(id), {
        id,
        hash: hashSecret(secret),
        name: request.name,
        tenant: request.tenantId,
        scopes: request.scopes.join(' '),
        created_at: createdAt,
        ...(request.expiresAt !== undefined && { expires_at: request.expiresAt }),
      })
      .zadd(AUTH_KEYS.apiKeysOf(request.tenantId), 0, place);
    if (request.expiresAt !== undefined) {
      const forgottenAt = request.expiresAt + KEPT_MS;
      commands
        .pexpireat(AUTH_KEYS.apiKey(id), forgottenAt)
        .zadd(AUTH_KEYS.apiKeysToForget(request.tenantId), forgottenAt, place);
    }
    await inOneStep(commands);
    const { name, tenantId, scopes, expiresAt } = request;
    const unused = { revokedAt: undefined, lastUsedAt: undefined };
    return { secret, key: { id, name, tenantId, scopes: [...scopes], createdAt, expiresAt, ...unused } };
  }

  /** Undefined for a key that does not exist, or is expired or revoked. */
  async verify(secret: string): Promise<Principal | undefined> {
    const id = PATTERN.exec(secret)?.[1];
    if (id === undefined) return undefined;
    const key = await this.cached(id);
    // The same work for an id that does not exist.
    const isRight = sameHash(key?.hash ?? NO_HASH, hashSecret(secret));
    if (!key || !isRight || !isUsable(key)) return undefined;
    this.noteUse(key);
    return principalOf(key);
  }

  /** The principal of a key that was verified before, as long as it is usable. */
  async principal(id: string): Promise<Principal | undefined> {
    const key = await this.cached(id);
    return key && isUsable(key) ? principalOf(key) : undefined;
  }

  /** Of the ids, those whose keys are gone or revoked. Not from the cache. */
  async revokedAmong(ids: readonly string[]): Promise<string[]> {
    const { commands } = this.redis;
    const fields = await redisCall(
      Promise.all(ids.map((id) => commands.hmget(AUTH_KEYS.apiKey(id), 'id', 'revoked_at'))),
    );
    const revoked = ids.filter((_, i) => !fields[i]?.[0] || Boolean(fields[i][1]));
    // A client whose stream ends comes back at once, and must not find its key still good.
    for (const id of revoked) this.cache.delete(id);
    return revoked;
  }

  /**
   * Newest first, revoked and expired ones too.
   *
   * @param cursor `next` of the page before
   */
  async list(tenantId: string, limit: number, cursor?: string): Promise<ApiKeyPage> {
    const { places, hasMore } = await this.ids.page(tenantId, limit, cursor);
    const keys = await Promise.all(places.map((place) => this.read(idOf(place))));
    const last = places.at(-1);
    return { keys: keys.filter((key) => key !== undefined), next: hasMore ? last : undefined };
  }

  /** Tenants that have keys, by name: for people who look for one. It walks through Redis, for two seconds at most. */
  tenants(limit: number): Promise<{ tenants: string[]; complete: boolean }> {
    return this.ids.tenants(limit);
  }

  /** False when the tenant has no such key. */
  async revoke(tenantId: string, id: string): Promise<boolean> {
    const key = await this.read(id);
    if (key?.tenantId !== tenantId) return false;
    const revokedAt = Date.now();
    const forgottenAt = revokedAt + KEPT_MS;
    await inOneStep(
      this.redis.commands
        .multi()
        .hsetnx(AUTH_KEYS.apiKey(id), 'revoked_at', String(revokedAt))
        // Revoking again does not keep it for longer, nor does revoking what has expired.
        .pexpireat(AUTH_KEYS.apiKey(id), forgottenAt, 'LT')
        .zadd(AUTH_KEYS.apiKeysToForget(tenantId), 'LT', forgottenAt, keyPlace(key)),
    );
    this.cache.delete(id);
    return true;
  }

  private async cached(id: string): Promise<StoredKey | undefined> {
    const hit = this.cache.get(id);
    if (hit) return hit.key;
    const key = await this.read(id);
    this.cache.set(id, { key });
    return key;
  }

  private async read(id: string): Promise<StoredKey | undefined> {
    const fields = await redisCall(this.redis.commands.hgetall(AUTH_KEYS.apiKey(id)));
    const { hash, name, tenant } = fields;
    if (!hash || name === undefined || tenant === undefined) return undefined;
    const time = (field: string) => (fields[field] ? Number(fields[field]) : undefined);
    return {
      id,
      hash,
      name,
      tenantId: tenant,
      scopes: (fields['scopes'] ?? '').split(' ').filter(isScope),
      createdAt: time('created_at') ?? 0,
      expiresAt: time('expires_at'),
      revokedAt: time('revoked_at'),
      lastUsedAt: time('last_used_at'),
    };
  }

  private noteUse(key: StoredKey): void {
    const now = Date.now();
    if (now - (key.lastUsedAt ?? 0) < LAST_USE_MS) return;
    key.lastUsedAt = now;
    // For people to see; a request does not fail for it.
    this.redis.commands.hset(AUTH_KEYS.apiKey(key.id), 'last_used_at', now).catch(() => undefined);
  }
}

function isUsable(key: ApiKey): boolean {
  return key.revokedAt === undefined && isGood(key.expiresAt);
}

/** Before anything is stored: a date that can't be shown would break the list that the key is in. */
function assertExpiry(expiresAt: number | undefined): void {
  if (expiresAt === undefined || isMoment(expiresAt + KEPT_MS)) return;
  throw new ValidationFailedError([{ path: 'expires_at', message: 'is no date; take an earlier one' }]);
}

function principalOf({ id, tenantId, scopes, expiresAt }: ApiKey): Principal {
  return { kind: 'api-key', id, keyId: id, tenantId, scopes, ...(expiresAt !== undefined && { expiresAt }) };
}
