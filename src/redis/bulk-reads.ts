import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { FairQueue, OverloadedError } from '../common/index.js';
import { RedisConnections } from './redis-connections.js';
import { redisCall } from './redis-error.js';
import { DEFAULT_MAX_BULK_READ_BYTES, REDIS_OPTIONS, type RedisOptions } from './redis-options.js';

/** How long somebody who waits for an answer waits for their turn. */
const MOST_WAITING_MS = 2000;

/** For whom something is read: turns are taken by lane, then by tenant, then by caller. */
export interface Reader {
  /** `live`: on behalf of all who watch a log; `catch-up`: for one watcher; `page`: for one answer. */
  lane: 'live' | 'catch-up' | 'page';
  tenantId: string;
  /** Whom it is counted for: a credential or an address. Default: nobody in particular. */
  caller?: string;
  /** Ends the waiting when nobody is there any more. */
  signal?: AbortSignal;
}

/** The same, where the tenant is known already. */
export type ReadFor = Omit<Reader, 'tenantId'>;

/** Even a small read is one of many commands that Redis has to work on. */
const LEAST_COST_BYTES = 32 * 1024;

interface Waiting {
  costBytes: number;
  begin: () => void;
}

/**
 * Reads of much at once: pages of logs, lists. They have a connection of their own, so that no append, lease or probe
 * ever stands behind a megabyte; what is on its way there is bounded in bytes; and the others wait in a queue that
 * nobody can fill for everybody.
 */
@Injectable()
export class BulkReads {
  private readonly waiting = new FairQueue<Waiting>();
  /** Whose turn it is, as soon as there is room. */
  private next: Waiting | undefined;
  private free: number;
  private readonly limit: number;

  constructor(
    private readonly redis: RedisConnections,
    @Inject(REDIS_OPTIONS) options: RedisOptions,
  ) {
    this.limit = options.maxBulkReadBytes ?? DEFAULT_MAX_BULK_READ_BYTES;
    this.free = this.limit;
  }

  /** How many wait for their turn. */
  get queued(): number {
    return this.waiting.size + (this.next ? 1 : 0);
  }

  /**
   * Reads once it is this reader's turn.
   *
   * @param maxBytes about how much the answer may hold
   * @throws the signal's reason; OverloadedError when its turn, or Redis's answer, does not come in time while Redis
   *   serves others; RedisUnavailableError
   */
  async run<T>(reader: Reader, maxBytes: number, read: (connection: Redis) => Promise<T>): Promise<T> {
    const costBytes = Math.min(Math.max(maxBytes, LEAST_COST_BYTES), this.limit);
    await this.turn(reader, costBytes);
    try {
      return await this.inTime(redisCall(read(this.redis.reads)));
    } finally {
      this.free += costBytes;
      this.passOn();
    }
  }

  private turn({ lane, tenantId, caller = '', signal }: Reader, costBytes: number): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      const item: Waiting = {
        costBytes,
        begin: () => {
          settle();
          resolve();
        },
      };
      const leave = (error: Error): void => {
        settle();
        if (this.next === item) this.next = undefined;
        else takeOut();
        reject(error);
        this.passOn();
      };
      const onAbort = (): void => {
        leave(signal?.reason as Error);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      // A watcher waits as long as it likes: nobody waits for its answer.
      const timer =
        lane === 'page'
          ? setTimeout(() => {
              leave(new OverloadedError());
            }, MOST_WAITING_MS)
          : undefined;
      const takeOut = this.waiting.put([lane, tenantId, caller], item);
      this.passOn();
    });
  }

  private passOn(): void {
    while ((this.next ??= this.waiting.take()) && this.next.costBytes <= this.free) {
      const { begin, costBytes } = this.next;
      this.next = undefined;
      this.free -= costBytes;
      begin();
    }
  }

  /** The time begins now, when the command is written, and not when it was asked for. */
  private async inTime<T>(reply: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, this.redis.commandTimeoutMs, 'late');
    });
    const first = await Promise.race([reply, late]).finally(() => {
      clearTimeout(timer);
    });
    if (first !== 'late') return first;
    reply.catch(() => undefined);
    // What one caller reads may be slow without Redis being away; then others are still answered.
    await this.redis.ping();
    throw new OverloadedError('Reading took too long. Ask for less at a time, or try again shortly.');
  }
}
