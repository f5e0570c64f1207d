import { Injectable } from '@nestjs/common';
import { EventStore } from '../event-store/index.js';
import { redisCall, RedisConnections } from '../redis/index.js';
import type { ServedKind } from './definitions.js';

/** The longest wait of a call for work is a minute. */
const LIVES_MS = 75_000;
/** Of one name. */
const MOST_WORKERS = 1000;

/** Which workers ask for work, or did a moment ago. Every method throws RedisUnavailableError. */
@Injectable()
export class Presence {
  constructor(
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
  ) {}

  /** Says that a worker asks for work. */
  async note(tenantId: string, kind: ServedKind, name: string, worker: string): Promise<void> {
    const key = this.keyOf(tenantId, kind, name);
    const now = Date.now();
    const { commands } = this.redis;
    await redisCall(
      Promise.all([
        commands.zadd(key, now, worker),
        commands.zremrangebyscore(key, '-inf', now - LIVES_MS),
        commands.zremrangebyrank(key, 0, -MOST_WORKERS - 1),
        commands.pexpire(key, LIVES_MS),
      ]),
    );
  }

  /** When each of them last asked, in ms since 1970, by name. */
  async list(tenantId: string, kind: ServedKind, name: string): Promise<Map<string, number>> {
    const key = this.keyOf(tenantId, kind, name);
    const rows = await redisCall(
      this.redis.commands.zrangebyscore(key, Date.now() - LIVES_MS, '+inf', 'WITHSCORES'),
    );
    const seen = new Map<string, number>();
    for (let i = 0; i < rows.length; i += 2) seen.set(rows[i] ?? '', Number(rows[i + 1]));
    return seen;
  }

  private keyOf(tenantId: string, kind: ServedKind, name: string): string {
    return this.store.keys.partition(tenantId, 0).workersSeen(kind, name);
  }
}
