import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  Optional,
} from '@nestjs/common';
import { every, RedisUnavailableError } from '../../common/index.js';
import {
  LIMIT_KEYS,
  LIMITS_DEFAULTS,
  LIMITS_OPTIONS,
  type LimitsOptions,
  TenantLimits,
} from '../../limits/index.js';
import { redisCall, RedisConnections } from '../../redis/index.js';
import { EventStore } from '../log/event-store.js';
import { SCRIPTS } from '../scripts.js';

/** Runs that one script looks at: some milliseconds, with long logs too. */
const PAGE = 50;
/** A tenant that nobody asks for stores nothing new. */
const IN_USE_MS = 120_000;

/**
 * Sums what tenants have stored, of those that are limited in it and in use. It asks Redis what the keys take: so appends
 * count nothing, what was trimmed, deleted or has expired is not in the sum, and nothing can drift.
 */
@Injectable()
export class StoredBytes implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Limits');
  private readonly stop = new AbortController();
  private readonly everyMs: number;
  private summing: Promise<void> | undefined;

  constructor(
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
    @Optional() private readonly limits?: TenantLimits,
    @Optional() @Inject(LIMITS_OPTIONS) options: LimitsOptions = {},
  ) {
    this.everyMs = options.storedBytesMs ?? LIMITS_DEFAULTS.storedBytesMs;
  }

  onApplicationBootstrap(): void {
    const { limits } = this;
    if (!limits) return;
    this.summing = every(
      // Twice as often as there is something to do: who has the turn may have gone.
      this.everyMs / 2,
      this.stop.signal,
      () => this.round(limits),
      (error) => {
        if (!(error instanceof RedisUnavailableError)) this.logger.error(error);
      },
    );
  }

  async onApplicationShutdown(): Promise<void> {
    this.stop.abort();
    await this.summing;
  }

  private async round(limits: TenantLimits): Promise<void> {
    for (const tenantId of [...limits.inUse('stored_bytes', IN_USE_MS)]) {
      if (this.stop.signal.aborted) return;
      const turn = LIMIT_KEYS.summing(tenantId);
      const taken = await redisCall(
        this.redis.commands.set(turn, '1', 'PX', Math.ceil(this.everyMs * 0.9), 'NX'),
      );
      if (taken === 'OK') await limits.noteStored(tenantId, await this.sum(tenantId));
    }
  }

  /** The bytes of all runs of a tenant. @throws RedisUnavailableError */
  async sum(tenantId: string): Promise<number> {
    let bytes = 0;
    for (const partition of this.store.partitions.of(tenantId))
      bytes += await this.sumOf(tenantId, partition);
    return bytes;
  }

  private async sumOf(tenantId: string, partition: number): Promise<number> {
    const { runs } = this.store.keys.partition(tenantId, partition);
    let bytes = 0;
    for (let from = '-'; ;) {
      const ids = await redisCall(this.redis.commands.zrangebylex(runs, from, '+', 'LIMIT', 0, PAGE));
      const keys = ids.flatMap((id) => {
        const { run, events, idempotencyKeys } = this.store.keys.run(tenantId, id);
        return [run, events, idempotencyKeys];
      });
      if (keys.length > 0) bytes += Number(await SCRIPTS.storedBytes.run(this.redis.commands, keys, []));
      if (ids.length < PAGE || this.stop.signal.aborted) return bytes;
      from = `(${ids.at(-1) ?? ''}`;
    }
  }
}
