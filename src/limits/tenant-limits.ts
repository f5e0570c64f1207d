import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { setWaitLimit, TenantLimitError } from '../common/index.js';
import { LIMIT_NAMES, type LimitName, readLimit } from '../config/index.js';
import { redisCall, RedisConnections } from '../redis/index.js';
import { LIMIT_KEYS, STORED_FIELD } from './limit-keys.js';
import { LimitRefusals } from './limit-refusals.js';
import { LIMITS_OPTIONS, type LimitsOptions } from './limits-options.js';

/** What a tenant is limited in; what is absent has no limit. */
export type TenantLimitValues = Readonly<Partial<Record<LimitName, number>>>;

/** What holds for a tenant at the moment. */
export interface LimitsInForce {
  readonly values: TenantLimitValues;
  /** What the scripts that write are told of it: '' when there is nothing that they must look at (meter.lua). */
  readonly forScripts: string;
}

/** What the scripts answer who refuse something: which limit, its value, and when to try again. */
export type LimitReply = readonly ['LIMIT', name: string, value: string | number, retryMs: number];

interface Known {
  inForce: LimitsInForce;
  /** By `performance.now()`. */
  readAt: number;
}

/** Tenants whose limits are remembered. */
const MAX_KNOWN = 10_000;
/** Limits are read again after so long, while what is known is still used … */
const FRESH_MS = 1000;
/** … and waited for after so long. */
const USABLE_MS = 2000;
/** A request waits no longer than this for limits: Redis is slow or away, and what was known goes on to hold. */
const PATIENCE_MS = 250;

const NONE: LimitsInForce = { values: {}, forScripts: '' };

/**
 * What each tenant may take. Own limits are in Redis; for what a tenant has none of its own, the deployment's hold. Who
 * asks gets what was read at most two seconds ago, without a wait while the tenant is in use.
 *
 * While Redis is away limits do not refuse anything that they did not refuse before: what was known last holds.
 */
@Injectable()
export class TenantLimits implements OnModuleInit {
  private readonly logger = new Logger('Limits');
  private readonly defaults: TenantLimitValues;
  private readonly ofDefaults: LimitsInForce;
  private readonly known = new LRUCache<string, Known>({ max: MAX_KNOWN });
  private readonly reading = new Map<string, Promise<LimitsInForce>>();

  constructor(
    private readonly redis: RedisConnections,
    private readonly refusals: LimitRefusals,
    @Inject(LIMITS_OPTIONS) options: LimitsOptions,
  ) {
    const limits = (options.defaults ?? []).flatMap((item) => readLimit(item) ?? []);
    this.defaults = Object.fromEntries(limits.map(({ name, value }) => [name, value]));
    this.ofDefaults = inForce(this.defaults, 0);
  }

  onModuleInit(): void {
    const all = Object.entries(this.defaults).map(([name, value]) => `${name}=${value}`);
    if (all.length > 0) this.logger.log(`Limits of every tenant: ${all.join(', ')}.`);
  }

  /** What holds for a tenant: at once while it is in use. Never rejects. */
  of(tenantId: string): LimitsInForce | Promise<LimitsInForce> {
    const known = this.known.get(tenantId);
    const age = known ? performance.now() - known.readAt : Infinity;
    if (known && age < FRESH_MS) return known.inForce;
    const reading = this.read(tenantId);
    return known && age < USABLE_MS ? known.inForce : reading;
  }

  /** What a script has refused, which may know only a share of the limit. */
  refusal(tenantId: string, [, name, value, retryMs]: LimitReply): TenantLimitError {
    const whole = this.known.peek(tenantId)?.inForce.values[name as LimitName];
    return this.refusals.refuse(tenantId, name as LimitName, whole ?? Number(value), retryMs);
  }

  /** The limits that a tenant has of its own. @throws RedisUnavailableError */
  async own(tenantId: string): Promise<TenantLimitValues> {
    return ownOf(await redisCall(this.redis.commands.hgetall(LIMIT_KEYS.of(tenantId))));
  }

  /** What holds for a tenant that has these of its own. */
  with(own: TenantLimitValues): TenantLimitValues {
    return { ...this.defaults, ...own };
  }

  /** Gives a tenant these limits and no others of its own. @throws RedisUnavailableError */
  async set(tenantId: string, own: TenantLimitValues): Promise<void> {
    const key = LIMIT_KEYS.of(tenantId);
    const change = this.redis.commands.multi().hdel(key, ...LIMIT_NAMES);
    if (Object.keys(own).length > 0) change.hset(key, own);
    await redisCall(change.exec());
    this.known.delete(tenantId);
  }

  /** Tenants that were looked at in the last minute or so and are limited in this. */
  *inUse(name: LimitName, withinMs: number): Generator<string> {
    const since = performance.now() - withinMs;
    for (const [tenantId, { inForce: found, readAt }] of this.known.entries())
      if (readAt > since && found.values[name] !== undefined) yield tenantId;
  }

  /** Says how much a tenant has stored, to all processes. @throws RedisUnavailableError */
  async noteStored(tenantId: string, bytes: number): Promise<void> {
    await redisCall(this.redis.commands.hset(LIMIT_KEYS.of(tenantId), STORED_FIELD, bytes));
  }

  /** Once for all who wait for it. */
  private read(tenantId: string): Promise<LimitsInForce> {
    let reading = this.reading.get(tenantId);
    if (!reading) {
      reading = this.readAnew(tenantId).finally(() => this.reading.delete(tenantId));
      this.reading.set(tenantId, reading);
    }
    return reading;
  }

  /** An answer that comes too late for those who wait is good for those who come after them. */
  private async readAnew(tenantId: string): Promise<LimitsInForce> {
    const lastKnown = (): LimitsInForce =>
      this.keep(tenantId, this.known.peek(tenantId)?.inForce ?? this.ofDefaults);
    const answered = redisCall(this.redis.commands.hgetall(LIMIT_KEYS.of(tenantId))).then(
      (fields) => this.keep(tenantId, this.readFields(fields)),
      lastKnown,
    );
    return new Promise((resolve) => {
      const limit = setWaitLimit(() => {
        resolve(lastKnown());
      }, PATIENCE_MS);
      void answered.then((found) => {
        limit.cancel();
        resolve(found);
      });
    });
  }

  private keep(tenantId: string, found: LimitsInForce): LimitsInForce {
    this.known.set(tenantId, { inForce: found, readAt: performance.now() });
    return found;
  }

  private readFields(fields: Readonly<Record<string, string>>): LimitsInForce {
    const own = ownOf(fields);
    const stored = Number(fields[STORED_FIELD] ?? 0);
    return Object.keys(own).length === 0 && stored === 0
      ? this.ofDefaults
      : inForce({ ...this.defaults, ...own }, stored);
  }
}

/**
 * The part of these limits that is for each of so many partitions. `stored_bytes` is there only when it is exceeded, and
 * then in all of them.
 */
export function shareOf(forScripts: string, partitions: number): string {
  if (partitions === 1 || forScripts === '') return forScripts;
  const [stored, ...shared] = forScripts.split(' ').reverse();
  const shares = shared.map((limit) => (limit === '-' ? limit : Math.ceil(Number(limit) / partitions)));
  return [...shares.reverse(), stored].join(' ');
}

function ownOf(fields: Readonly<Record<string, string>>): TenantLimitValues {
  const own = LIMIT_NAMES.flatMap((name) => readLimit(`${name}=${fields[name] ?? ''}`) ?? []);
  return Object.fromEntries(own.map(({ name, value }) => [name, value]));
}

/** @param stored bytes that the tenant has, as they were summed last */
function inForce(values: TenantLimitValues, stored: number): LimitsInForce {
  const { active_runs, events_per_second, bytes_per_second, stored_bytes } = values;
  const isFull = stored_bytes !== undefined && stored >= stored_bytes;
  const told = [active_runs, events_per_second, bytes_per_second, isFull ? stored_bytes : undefined];
  if (Object.keys(values).length === 0) return NONE;
  const isNothing = told.every((value) => value === undefined);
  return { values, forScripts: isNothing ? '' : told.map((value) => value ?? '-').join(' ') };
}
