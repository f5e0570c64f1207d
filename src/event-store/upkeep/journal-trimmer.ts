import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { errorText, pause, RedisUnavailableError } from '../../common/index.js';
import { redisCall, RedisConnections } from '../../redis/index.js';
import { EventStore } from '../log/event-store.js';
import { EVENT_STORE_DEFAULTS, EVENT_STORE_OPTIONS, type EventStoreOptions } from '../event-store-options.js';
import { type LookAgain, Upkeep, type UpkeepRounds } from '../../stream-consumer/index.js';
import { STORED_GROUP_PATTERN, TENANTS_KEY } from '../log/keys.js';
import { SCRIPTS } from '../scripts.js';

/** One step of trimming holds Redis for so many entries and bytes. */
const DAY_MS = 86_400_000;
const PAGE_ENTRIES = 100;
const PAGE_BYTES = 1024 * 1024;
const REASON = 'the journal is full (JOURNAL_MAX_LENGTH): the event was trimmed before it was handled';

/** What trimming one journal did. */
export interface TrimResult {
  /** Entries that are gone. */
  trimmed: number;
  /** How many of them each group had not handled, and has among its dead letters now; only groups with any. */
  deadLettered: Record<string, number>;
}

/**
 * Keeps journals at their greatest length. While one is within it nothing is trimmed, handled or not; beyond it the
 * oldest entries go. What a group has not handled is dead-lettered first: no group loses an event without a trace,
 * and none that nobody runs any more keeps a journal growing.
 *
 * It runs in every process, also where nothing is consumed; one of them works at a time. It looks at the journals to
 * which something was appended.
 */
@Injectable()
export class JournalTrimmer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Journal');
  private readonly stop = new AbortController();
  private readonly maxLength: number;
  private readonly everyMs: number;
  private readonly rounds: UpkeepRounds;
  private loop: Promise<void> | undefined;
  private readonly totals = { trimmed: 0, deadLettered: 0 };

  constructor(
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
    upkeep: Upkeep,
    @Inject(EVENT_STORE_OPTIONS) options: EventStoreOptions,
  ) {
    const { journalMaxLength, journalTrimMs } = { ...EVENT_STORE_DEFAULTS, ...options };
    this.maxLength = journalMaxLength;
    this.everyMs = journalTrimMs;
    this.rounds = upkeep.create('journals', {
      everyMs: journalTrimMs,
      tenantsKey: TENANTS_KEY,
      named: undefined,
      partitionsOf: store.partitions.namesOf,
      look: async (tenantId, _, partition) =>
        (await this.lengthOf(tenantId, partition)) > this.maxLengthOf(tenantId, partition)
          ? 'work'
          : undefined,
      work: (tenantId, _, partition) => this.trimOne(tenantId, partition),
      onError: (tenantId, error) => {
        this.logger.error(`The journal of ${tenantId} could not be trimmed: ${errorText(error)}`);
      },
    });
  }

  /** Entries that this process trimmed, and dead letters that it made of them, since its start. */
  get statistics(): Readonly<{ trimmed: number; deadLettered: number }> {
    return { ...this.totals };
  }

  onApplicationBootstrap(): void {
    this.loop = this.runRounds();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stop.abort();
    await this.loop;
  }

  /**
   * Trims what one of a tenant's partitions has of its journal, if that is too long.
   *
   * @throws RedisUnavailableError
   */
  async trim(tenantId: string, partition = 0): Promise<TrimResult> {
    const result: TrimResult = { trimmed: 0, deadLettered: {} };
    let groups: string[] = [];
    while (!this.stop.signal.aborted) {
      const reply = await this.trimPage(tenantId, partition, groups);
      if (reply[0] === 'GROUPS') {
        groups = await this.groupsOf(tenantId, partition);
        continue;
      }
      const [trimmed, left, ...buried] = reply as number[];
      result.trimmed += trimmed ?? 0;
      this.totals.trimmed += trimmed ?? 0;
      for (const [i, group] of groups.entries()) {
        const count = buried[i] ?? 0;
        if (count > 0) result.deadLettered[group] = (result.deadLettered[group] ?? 0) + count;
        this.totals.deadLettered += count;
      }
      if (left === 0) break;
      await this.rounds.keepTurn();
    }
    return result;
  }

  private async trimPage(
    tenantId: string,
    partition: number,
    groups: readonly string[],
  ): Promise<(string | number)[]> {
    const { journal, journalTrimmed, journalDeleted } = this.store.keys.partition(tenantId, partition);
    const keys = groups.flatMap((group) => {
      const ofGroup = this.store.keys.group(tenantId, partition, group);
      const { entries, delayed } = ofGroup.state('journal');
      return [ofGroup.meta, ofGroup.dead, entries, delayed];
    });
    return (await SCRIPTS.trimJournal.run(
      this.redis.commands,
      [journal, journalTrimmed, journalDeleted, ...keys],
      [this.maxLengthOf(tenantId, partition), PAGE_ENTRIES, PAGE_BYTES, REASON, ...groups],
    )) as (string | number)[];
  }

  /** Those that can be ours: what somebody made by hand under another kind of name gets no dead letters. */
  private async groupsOf(tenantId: string, partition: number): Promise<string[]> {
    const { journal } = this.store.keys.partition(tenantId, partition);
    const groups = (await redisCall(this.redis.commands.xinfo('GROUPS', journal))) as unknown[][];
    return groups
      .map((fields) => String(fields[fields.indexOf('name') + 1]))
      .filter((name) => STORED_GROUP_PATTERN.test(name));
  }

  private async runRounds(): Promise<void> {
    const { signal } = this.stop;
    while (!signal.aborted) {
      await pause(this.everyMs, signal);
      if (signal.aborted) return;
      try {
        await this.rounds.round(signal);
      } catch (error) {
        // An outage is logged where the connection is, and the next round tries again.
        if (!(error instanceof RedisUnavailableError))
          this.logger.error(`Journals could not be trimmed: ${errorText(error)}`);
      }
    }
  }

  private async trimOne(tenantId: string, partition: number): Promise<LookAgain> {
    this.log(tenantId, await this.trim(tenantId, partition));
    return this.stop.signal.aborted ? 'next round' : undefined;
  }

  private lengthOf(tenantId: string, partition: number): Promise<number> {
    return redisCall(this.redis.commands.xlen(this.store.keys.partition(tenantId, partition).journal));
  }

  /**
   * Of one partition: each has its part of what the tenant may keep. Those from before a raise keep theirs for a day, or the
   * raise would take events that no group has handled yet.
   */
  private maxLengthOf(tenantId: string, partition: number): number {
    const { partitions } = this.store;
    const [before = 1] = partitions.writtenWithin(tenantId, DAY_MS);
    return Math.ceil(this.maxLength / (partition < before ? before : partitions.countOf(tenantId)));
  }

  private log(tenantId: string, { deadLettered }: TrimResult): void {
    for (const [group, count] of Object.entries(deadLettered)) {
      this.logger.warn(
        `${count} events of ${tenantId} were trimmed before the group "${group}" had handled them: they are in its ` +
          'dead letters. Run its handler, remove the group, or raise JOURNAL_MAX_LENGTH.',
      );
    }
  }
}
