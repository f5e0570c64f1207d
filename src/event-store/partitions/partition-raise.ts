import { Injectable } from '@nestjs/common';
import { pause } from '../../common/index.js';
import { redisCall, RedisConnections } from '../../redis/index.js';
import { FORMAT_KEY, PARTITION_READERS_KEY, PARTITIONS_KEY } from '../log/keys.js';
import { SPREAD_FORMAT } from '../log/store-format.js';
import { SCRIPTS } from '../scripts.js';
import { MOST_PARTITIONS } from './partition-tag.js';
import { fieldOf, PROCESSES_KEPT_MS } from './partitions.js';
import { ONE_PARTITION, type PartitionNumbers, readPartitionNumbers } from './partition-numbers.js';

/** A process that said nothing for so long is gone. It asks every second. */
const GONE_MS = 10_000;
const LOOK_MS = 200;
/** A process that lives knows within seconds. */
const WAIT_MS = 60_000;

/** A raise that can't be begun, or not be finished. What was done of it stays, and harms nothing: it can be called again. */
export class PartitionRaiseError extends Error {
  override readonly name = 'PartitionRaiseError';
}

/** Raises the number of partitions. Runs that there are stay where they are, so it is never lowered. */
@Injectable()
export class PartitionRaise {
  constructor(private readonly redis: RedisConnections) {}

  /** The number as it is for all tenants, or, where it has one of its own, for one. */
  async numbers(tenantId?: string): Promise<PartitionNumbers> {
    const text = await redisCall(this.redis.commands.hget(PARTITIONS_KEY, fieldOf(tenantId)));
    return text === null ? ONE_PARTITION : readPartitionNumbers(text);
  }

  /**
   * In two steps: when all processes that live say that they read so many partitions, they write to so many.
   *
   * @param tenantId default: for all tenants; one that has a higher number keeps it
   * @returns how many processes have said so
   * @throws PartitionRaiseError, RedisUnavailableError
   */
  async raise(to: number, tenantId?: string, waitMs = WAIT_MS): Promise<number> {
    if (!Number.isInteger(to) || to < 1 || to > MOST_PARTITIONS)
      throw new PartitionRaiseError(`The number of partitions is from 1 to ${MOST_PARTITIONS}.`);
    const { write } = await this.numbers(tenantId);
    if (to < write)
      throw new PartitionRaiseError(`There are ${write} partitions: their number is never lowered.`);
    // A process of before there were partitions does not start from here on.
    if (to > 1) await redisCall(this.redis.commands.set(FORMAT_KEY, SPREAD_FORMAT));
    const version = await this.step('read', to, tenantId);
    const readers = await this.readersOf(version, waitMs);
    await this.step('write', to, tenantId);
    return readers;
  }

  private async step(which: 'read' | 'write', to: number, tenantId: string | undefined): Promise<number> {
    const args = [fieldOf(tenantId), which, to];
    return Number(await SCRIPTS.raisePartitions.run(this.redis.commands, [PARTITIONS_KEY], args));
  }

  /** Waits until all that live know this version, or a later one. */
  private async readersOf(version: number, waitMs: number): Promise<number> {
    const { signal } = new AbortController();
    const until = performance.now() + waitMs;
    for (;;) {
      const [now] = (await SCRIPTS.partitions.run(
        this.redis.commands,
        [PARTITIONS_KEY, PARTITION_READERS_KEY],
        ['', String(version), '', PROCESSES_KEPT_MS],
      )) as [number, ...string[]];
      const live = await redisCall(
        this.redis.commands.zrangebyscore(PARTITION_READERS_KEY, now - GONE_MS, '+inf'),
      );
      const behind = live.filter((reader) => Number(reader.split(' ')[1]) < version);
      if (behind.length === 0) return live.length;
      if (performance.now() > until)
        throw new PartitionRaiseError(
          `${behind.length} of ${live.length} processes have not said that they read that many: try again when they do, or are gone.`,
        );
      await pause(LOOK_MS, signal);
    }
  }
}
