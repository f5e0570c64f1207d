import { randomUUID } from 'node:crypto';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { every, RedisUnavailableError } from '../common/index.js';
import { RedisConnections } from '../redis/index.js';
import { LIMIT_KEYS } from './limit-keys.js';
import { LimitRefusals } from './limit-refusals.js';
import { SCRIPTS } from './scripts.js';
import { TenantLimits } from './tenant-limits.js';

/** What a process that died held is free after so long. */
const LEASE_MS = 10_000;
const RENEW_MS = 2000;
/** Who was refused is not asked about again for so long. */
const REFUSED_MS = 100;
const RETRY_MS = 1000;
/** One more trip for each hundredth of the limit, and at least for each stream up to a hundred. */
const PARTS = 100;

interface Streams {
  open: number;
  /** As many as this process may have open; 0 while there is no limit. */
  held: number;
  /** Streams that are to be opened as soon as that many are held. */
  waiting: number;
  /** By `performance.now()`. */
  refusedUntil: number;
  asking: Promise<void> | undefined;
}

/**
 * Open streams of a tenant, of all processes together. Each process holds some for as long as it renews them. What it
 * holds and does not need it gives back with the next renewal.
 */
@Injectable()
export class StreamQuota implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly process = randomUUID();
  private readonly logger = new Logger('Limits');
  private readonly streams = new Map<string, Streams>();
  private readonly stop = new AbortController();
  private renewing: Promise<void> | undefined;

  constructor(
    private readonly redis: RedisConnections,
    private readonly limits: TenantLimits,
    private readonly refusals: LimitRefusals,
  ) {}

  onApplicationBootstrap(): void {
    this.renewing = every(
      RENEW_MS,
      this.stop.signal,
      () => this.renew(),
      (error) => {
        if (!(error instanceof RedisUnavailableError)) this.logger.error(error);
      },
    );
  }

  /** What it held is free for others at once. */
  async onApplicationShutdown(): Promise<void> {
    this.stop.abort();
    await this.renewing;
    const held = [...this.streams].filter(([, { held: count }]) => count > 0);
    await Promise.all(
      held.map(([tenantId]) => this.redis.commands.hdel(LIMIT_KEYS.streams(tenantId), this.process)),
    ).catch(() => undefined);
  }

  /**
   * Takes a stream.
   *
   * @returns gives it back, once
   * @throws TenantLimitError
   */
  async take(tenantId: string): Promise<() => void> {
    const found = this.limits.of(tenantId);
    const { values } = found instanceof Promise ? await found : found;
    const streams = this.streamsOf(tenantId);
    const limit = values.open_streams;
    if (limit === undefined) streams.open++;
    else await this.open(tenantId, limit, streams);
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      streams.open--;
      this.forgetUnused(tenantId, streams);
    };
  }

  private async open(tenantId: string, limit: number, streams: Streams): Promise<void> {
    streams.waiting++;
    try {
      while (streams.open >= streams.held) {
        if (performance.now() < streams.refusedUntil)
          throw this.refusals.refuse(tenantId, 'open_streams', limit, RETRY_MS);
        streams.asking ??= this.ask(tenantId, limit, streams).finally(() => (streams.asking = undefined));
        await streams.asking;
      }
      // In the turn that looked at it, or two would take the same one.
      streams.open++;
    } finally {
      streams.waiting--;
    }
  }

  private async ask(tenantId: string, limit: number, streams: Streams): Promise<void> {
    const needed = streams.open + streams.waiting;
    const part = Math.ceil(limit / PARTS);
    streams.held = await this.hold(tenantId, streams.open, Math.ceil(needed / part) * part, limit);
    // Those who came meanwhile ask again.
    if (streams.held < needed) streams.refusedUntil = performance.now() + REFUSED_MS;
  }

  /** Fails open: while Redis is away no stream is refused for a limit that nobody can count. */
  private async hold(tenantId: string, open: number, wanted: number, limit: number): Promise<number> {
    return (await SCRIPTS.holdStreams
      .run(this.redis.commands, [LIMIT_KEYS.streams(tenantId)], [this.process, open, wanted, limit, LEASE_MS])
      .catch(() => wanted)) as number;
  }

  /** Says again what is open, also of what was opened while there was no limit. */
  private async renew(): Promise<void> {
    for (const [tenantId, streams] of this.streams) {
      const { values } = await this.limits.of(tenantId);
      const limit = values.open_streams;
      if (streams.asking || (streams.held === 0 && limit === undefined)) continue;
      const { open } = streams;
      const asking = this.hold(tenantId, open, open, limit ?? 0).then((held) => {
        streams.held = limit === undefined ? 0 : held;
      });
      streams.asking = asking.finally(() => (streams.asking = undefined));
      await streams.asking;
      this.forgetUnused(tenantId, streams);
    }
  }

  private streamsOf(tenantId: string): Streams {
    let streams = this.streams.get(tenantId);
    if (!streams) {
      streams = { open: 0, held: 0, waiting: 0, refusedUntil: 0, asking: undefined };
      this.streams.set(tenantId, streams);
    }
    return streams;
  }

  private forgetUnused(tenantId: string, { open, held, waiting }: Streams): void {
    if (open === 0 && held === 0 && waiting === 0) this.streams.delete(tenantId);
  }
}
