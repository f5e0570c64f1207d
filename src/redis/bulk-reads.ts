import { Inject, Injectable } from '@nestjs/common';
import type { RedisClient } from './connections/redis-client.js';
import { type LongTimeout, OverloadedError, setWaitLimit } from '../common/index.js';
import { type Reader, ReadPool } from './read-pool.js';
import { RedisConnections } from './connections/redis-connections.js';
import { redisCall } from './redis-error.js';
import { REDIS_DEFAULTS, REDIS_OPTIONS, type RedisOptions } from './redis-options.js';

/** The same, where the tenant is known already. */
export type ReadFor = Omit<Reader, 'tenantId'>;

/** Who reads without saying for whom: all who watch. */
export const LIVE: ReadFor = { lane: 'live' };

/**
 * Reads of much at once: pages of logs, lists. They have a connection of their own, so that no append, lease or probe
 * ever stands behind a megabyte; what is on its way there is bounded in bytes; and the others wait in a queue that
 * nobody can fill for everybody.
 */
@Injectable()
export class BulkReads {
  /** Apart, so that pages have their room however many watchers catch up. */
  private readonly catchUp: ReadPool;
  private readonly others: ReadPool;

  constructor(
    private readonly redis: RedisConnections,
    @Inject(REDIS_OPTIONS) options: RedisOptions,
  ) {
    const limit = (options.maxBulkReadBytes ?? REDIS_DEFAULTS.maxBulkReadBytes) / 2;
    this.catchUp = new ReadPool(limit);
    this.others = new ReadPool(limit);
  }

  /** How many wait for their turn. */
  get queued(): number {
    return this.catchUp.queued + this.others.queued;
  }

  /**
   * Reads once it is this reader's turn.
   *
   * @param maxBytes about how much the answer may hold
   * @throws the signal's reason; OverloadedError when its turn, or Redis's answer, does not come in time while Redis
   *   serves others; RedisUnavailableError
   */
  async run<T>(reader: Reader, maxBytes: number, read: (connection: RedisClient) => Promise<T>): Promise<T> {
    const pool = reader.lane === 'catch-up' ? this.catchUp : this.others;
    const giveBack = await pool.turn(reader, maxBytes);
    let bytes = 0;
    try {
      const reply = await this.inTime(redisCall(read(this.connection)));
      bytes = sizeOf(reply);
      return reply;
    } finally {
      giveBack(bytes);
    }
  }

  /** After an outage each connection comes back at a time of its own: until then the other one serves. */
  private get connection(): RedisClient {
    const { commands, reads } = this.redis;
    return reads.status === 'ready' ? reads : commands;
  }

  /** The time begins now, when the command is written, and not when it was asked for. */
  private async inTime<T>(reply: Promise<T>): Promise<T> {
    let timer: LongTimeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setWaitLimit(() => {
        resolve('late');
      }, this.redis.commandTimeoutMs);
    });
    const first = await Promise.race([reply, late]).finally(() => {
      timer?.cancel();
    });
    if (first !== 'late') return first;
    reply.catch(() => undefined);
    // What one caller reads may be slow without Redis being away; then others are still answered.
    await this.redis.ping();
    throw new OverloadedError('Reading took too long. Ask for less at a time, or try again shortly.');
  }
}

/** About how many bytes a reply has. */
function sizeOf(reply: unknown): number {
  if (typeof reply === 'string' || Buffer.isBuffer(reply)) return reply.length;
  if (!Array.isArray(reply)) return 0;
  let bytes = 0;
  for (const part of reply as unknown[]) bytes += sizeOf(part);
  return bytes;
}
