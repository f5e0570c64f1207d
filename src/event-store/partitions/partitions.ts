import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { every } from '../../common/index.js';
import { redisCall, RedisConnections } from '../../redis/index.js';
import { type Partition, partitionOf } from '../../stream-consumer/index.js';
import { EVENT_STORE_DEFAULTS, EVENT_STORE_OPTIONS, type EventStoreOptions } from '../event-store-options.js';
import { FORMAT_KEY, PARTITION_READERS_KEY, PARTITIONS_KEY, TENANTS_KEY } from '../log/keys.js';
import { SPREAD_FORMAT } from '../log/store-format.js';
import { SCRIPTS } from '../scripts.js';
import {
  higherOf,
  ONE_PARTITION,
  type PartitionNumbers,
  readPartitionNumbers,
  writtenSince,
} from './partition-numbers.js';

/** Of the number for all; a tenant's own stands in a field of its own. */
const DEFAULT_FIELD = 'default';

/** A raise is known to all processes so soon. */
const EVERY_MS = 1000;
/** For longer than anybody waits for a process, and far less than a name needs to be in the way. */
export const PROCESSES_KEPT_MS = 60_000;

export function fieldOf(tenantId: string | undefined): string {
  return tenantId === undefined ? DEFAULT_FIELD : `t:${tenantId}`;
}

/**
 * Into how many partitions the runs of each tenant are spread, as Redis says: asked every second, and told from memory.
 * A process that knows an older number misses nothing for good: it still finds what it knows, and finds the rest when it
 * has heard of it.
 */
@Injectable()
export class Partitions implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('EventStore');
  private readonly firstNumber: number;
  private readonly process = randomUUID();
  private readonly stopping = new AbortController();
  private stopListening = (): void => undefined;
  private readonly onChanged = new Set<() => void>();
  private version = '';
  private said = '';
  /** What Redis's clock is ahead of this process's. */
  private aheadMs = 0;
  private ofAll = ONE_PARTITION;
  private byTenant: ReadonlyMap<string, PartitionNumbers> = new Map();
  private hasWarned = false;
  private asking: Promise<void> | undefined;
  private loop: Promise<void> | undefined;

  constructor(
    private readonly redis: RedisConnections,
    @Inject(EVENT_STORE_OPTIONS) { partitions = EVENT_STORE_DEFAULTS.partitions }: EventStoreOptions,
  ) {
    this.firstNumber = partitions;
  }

  async onModuleInit(): Promise<void> {
    await this.redis.start();
    // Without an answer there is a next time. An outage is logged by the connections.
    await this.refresh().catch(() => undefined);
    this.stopListening = this.redis.whenReady(this.onReady);
  }

  /** Not before: a process whose start fails is not told to stop. */
  onApplicationBootstrap(): void {
    this.loop = every(
      EVERY_MS,
      this.stopping.signal,
      () => this.refresh(),
      () => undefined,
    );
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    this.stopListening();
    await this.loop;
    // A raise need not wait for it.
    await redisCall(this.redis.commands.zrem(PARTITION_READERS_KEY, `${this.process} ${this.said}`)).catch(
      () => undefined,
    );
  }

  /** How many of the tenant's partitions are read. */
  countOf(tenantId: string): number {
    return this.numbersOf(tenantId).read;
  }

  /** Those that are read: 0, 1, … */
  of(tenantId: string): number[] {
    return Array.from({ length: this.countOf(tenantId) }, (_, number) => number);
  }

  /** The same by the names under which consumers know them. */
  readonly namesOf = (tenantId: string): Partition[] =>
    this.of(tenantId).map((number) => partitionOf(tenantId, number));

  /** Over how many partitions new runs are spread. */
  writtenOf(tenantId: string): number {
    return this.numbersOf(tenantId).write;
  }

  /** Over how many they were in so many last milliseconds, the oldest number first, the present one last. */
  writtenWithin(tenantId: string, ms: number): number[] {
    const numbers = this.numbersOf(tenantId);
    return numbers.write === 1 ? [1] : writtenSince(numbers, Date.now() + this.aheadMs - ms);
  }

  /** Calls back whenever a number may be another than before, until what it gives is called. */
  watch(onChange: () => void): () => void {
    this.onChanged.add(onChange);
    return () => this.onChanged.delete(onChange);
  }

  /** Asks now. @throws RedisUnavailableError */
  refresh(): Promise<void> {
    this.asking ??= this.ask().finally(() => (this.asking = undefined));
    return this.asking;
  }

  private numbersOf(tenantId: string): PartitionNumbers {
    return this.byTenant.get(tenantId) ?? this.ofAll;
  }

  private async ask(): Promise<void> {
    const { version, said } = this;
    const [now, current, ...fields] = (await SCRIPTS.partitions.run(
      this.redis.commands,
      [PARTITIONS_KEY, PARTITION_READERS_KEY],
      [this.process, version, said, PROCESSES_KEPT_MS],
    )) as [number, string, ...string[]];
    this.said = version;
    this.aheadMs = now - Date.now();
    if (current === '0' && this.firstNumber > 1 && (await this.begin())) return this.ask();
    if (current === version) return;
    this.read(fields);
    this.version = current;
    for (const onChange of [...this.onChanged]) onChange();
    // The others may wait for this one to say that it knows.
    await this.ask();
  }

  /**
   * In a Redis that is new. What there is in another one lies in one partition, and some process may know of no other.
   *
   * @returns whether there is a number now
   */
  private async begin(): Promise<boolean> {
    if (this.hasWarned) return false;
    const { commands } = this.redis;
    if ((await redisCall(commands.exists(TENANTS_KEY))) === 1) {
      this.hasWarned = true;
      this.logger.warn(
        `PARTITIONS is ${this.firstNumber}, and there are runs in one partition: raise the number with ` +
          `npm run partitions -- raise ${this.firstNumber}`,
      );
      return false;
    }
    await redisCall(commands.set(FORMAT_KEY, SPREAD_FORMAT));
    const args = [DEFAULT_FIELD, 'first', this.firstNumber];
    await SCRIPTS.raisePartitions.run(commands, [PARTITIONS_KEY], args);
    return true;
  }

  private read(fields: readonly string[]): void {
    let ofAll = ONE_PARTITION;
    const own = new Map<string, PartitionNumbers>();
    for (let i = 0; i + 1 < fields.length; i += 2) {
      const [field = '', value = ''] = [fields[i], fields[i + 1]];
      if (field === DEFAULT_FIELD) ofAll = readPartitionNumbers(value);
      else if (field.startsWith('t:')) own.set(field.slice(2), readPartitionNumbers(value));
    }
    this.ofAll = ofAll;
    this.byTenant = new Map([...own].map(([tenantId, numbers]) => [tenantId, higherOf(ofAll, numbers)]));
  }

  private readonly onReady = (): void => {
    this.refresh().catch(() => undefined);
  };
}
