import { Injectable } from '@nestjs/common';
import { EventStore } from '../../event-store/index.js';
import { redisCall, RedisConnections } from '../../redis/index.js';
import type { GroupStanding } from './group-standing.js';
import { sampleOf, type TenantSample } from './tenant-rates.js';

/** Samples that are kept of a group in a tenant: an hour's, with one in ten seconds. Each has some 50 bytes. */
export const KEPT_TENANT_SAMPLES = 360;
/** They are gone so many milliseconds after the last one. */
const KEPT_MS = 3_900_000;
/** Tenants of a group of which a sample is written at one time: those furthest behind, then those with most events. */
const MOST_SAMPLED = 100;
/** Among so many is one that is a minute old. */
const LATEST = 8;

/**
 * How groups stood in single tenants, in Redis. There is none of a time in which nothing came and nothing was left to
 * do, so a tenant in which a group is idle costs nothing. Every method throws RedisUnavailableError.
 */
@Injectable()
export class TenantSamples {
  constructor(
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
  ) {}

  async add(group: string, standings: readonly (GroupStanding & { tenantId: string })[]): Promise<void> {
    const busy = standings
      .filter(({ lag, pending, appendedLately }) => lag + pending + appendedLately > 0)
      .sort((a, b) => b.lag - a.lag || b.appendedLately - a.appendedLately)
      .slice(0, MOST_SAMPLED);
    const { commands } = this.redis;
    await redisCall(
      Promise.all(
        busy.flatMap((standing) => {
          const key = this.keyOf(standing.tenantId, group);
          return [
            commands.lpush(key, write(sampleOf(standing))),
            commands.ltrim(key, 0, KEPT_TENANT_SAMPLES - 1),
            commands.pexpire(key, KEPT_MS),
          ];
        }),
      ),
    );
  }

  /** Newest first: all, or those of the last minute. */
  async list(tenantId: string, group: string, which: 'all' | 'latest'): Promise<TenantSample[]> {
    const count = which === 'all' ? KEPT_TENANT_SAMPLES : LATEST;
    const texts = await redisCall(this.redis.commands.lrange(this.keyOf(tenantId, group), 0, count - 1));
    return texts.map(read);
  }

  /** In the first partition, whatever there are: a sample is of the whole tenant. */
  private keyOf(tenantId: string, group: string): string {
    return this.store.keys.group(tenantId, 0, group).samples;
  }
}

function write({ at, lag, lagMs, pending, appended, done }: TenantSample): string {
  return [at, lag, lagMs, pending, appended, done].join(' ');
}

function read(text: string): TenantSample {
  const [at = 0, lag = 0, lagMs = 0, pending = 0, appended = 0, done = 0] = text.split(' ').map(Number);
  return { at, lag, lagMs, pending, appended, done };
}
