import { randomUUID } from 'node:crypto';
import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { pause, RedisUnavailableError } from '../../common/index.js';
import { redisCall, RedisConnections } from '../../redis/index.js';
import { EventStore } from '../log/event-store.js';
import { EVENT_STORE_DEFAULTS, EVENT_STORE_OPTIONS, type EventStoreOptions } from '../event-store-options.js';
import { GROUP_PATTERN, TENANTS_KEY, TRIMMER_KEY } from '../log/keys.js';
import { SCRIPTS } from '../scripts.js';

/** One step of trimming holds Redis for so many entries and bytes. */
const PAGE_ENTRIES = 100;
const PAGE_BYTES = 1024 * 1024;
const TENANTS_PAGE = 200;
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
 * It runs in every process, also where nothing is consumed; a lock lets one of them work at a time.
 */
@Injectable()
export class JournalTrimmer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Journal');
  private readonly stop = new AbortController();
  private readonly id = randomUUID();
  private readonly maxLength: number;
  private readonly everyMs: number;
  private rounds: Promise<void> | undefined;
  /** Since when, or when last renewed, this process has the round; undefined while it has not. */
  private turnSince: number | undefined;
  private readonly totals = { trimmed: 0, deadLettered: 0 };

  constructor(
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
    @Inject(EVENT_STORE_OPTIONS) options: EventStoreOptions,
  ) {
    const { journalMaxLength, journalTrimMs } = { ...EVENT_STORE_DEFAULTS, ...options };
    this.maxLength = journalMaxLength;
    this.everyMs = journalTrimMs;
  }

  /** Entries that this process trimmed, and dead letters that it made of them, since its start. */
  get statistics(): Readonly<{ trimmed: number; deadLettered: number }> {
    return { ...this.totals };
  }

  onApplicationBootstrap(): void {
    this.rounds = this.runRounds();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stop.abort();
    await this.rounds;
  }

  /**
   * Trims one tenant's journal, if it is too long.
   *
   * @throws RedisUnavailableError
   */
  async trim(tenantId: string): Promise<TrimResult> {
    const result: TrimResult = { trimmed: 0, deadLettered: {} };
    let groups: string[] = [];
    while (!this.stop.signal.aborted) {
      const reply = await this.trimPage(tenantId, groups);
      if (reply[0] === 'GROUPS') {
        groups = await this.groupsOf(tenantId);
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
      await this.keepTurn();
    }
    return result;
  }

  private async trimPage(tenantId: string, groups: readonly string[]): Promise<(string | number)[]> {
    const { journal, journalTrimmed, journalDeleted } = this.store.keys.partition(tenantId, 0);
    const keys = groups.flatMap((group) => {
      const ofGroup = this.store.keys.group(tenantId, 0, group);
      const { entries, delayed } = ofGroup.state('journal');
      return [ofGroup.meta, ofGroup.dead, entries, delayed];
    });
    return (await SCRIPTS.trimJournal.run(
      this.redis.commands,
      [journal, journalTrimmed, journalDeleted, ...keys],
      [this.maxLength, PAGE_ENTRIES, PAGE_BYTES, REASON, ...groups],
    )) as (string | number)[];
  }

  /** Those that can be ours: what somebody made by hand under another kind of name gets no dead letters. */
  private async groupsOf(tenantId: string): Promise<string[]> {
    const { journal } = this.store.keys.partition(tenantId, 0);
    const groups = (await redisCall(this.redis.commands.xinfo('GROUPS', journal))) as unknown[][];
    return groups
      .map((fields) => String(fields[fields.indexOf('name') + 1]))
      .filter((name) => GROUP_PATTERN.test(name));
  }

  private async runRounds(): Promise<void> {
    const { signal } = this.stop;
    while (!signal.aborted) {
      await pause(this.everyMs, signal);
      if (signal.aborted) return;
      try {
        if (await this.takeTurn()) await this.trimAll();
      } catch (error) {
        this.report('Journals could not be trimmed', error);
      }
    }
  }

  private async trimAll(): Promise<void> {
    let cursor = '0';
    do {
      const [next, tenants] = await redisCall(
        this.redis.commands.sscan(TENANTS_KEY, cursor, 'COUNT', TENANTS_PAGE),
      );
      cursor = next;
      for (const tenantId of await this.tooLong(tenants)) {
        if (this.stop.signal.aborted) return;
        try {
          this.log(tenantId, await this.trim(tenantId));
        } catch (error) {
          if (error instanceof RedisUnavailableError) throw error;
          // One tenant's trouble must not keep the journals of the others growing.
          this.report(`The journal of ${tenantId} could not be trimmed`, error);
        }
        await this.keepTurn();
      }
    } while (cursor !== '0');
    this.turnSince = undefined;
  }

  /** Mostly there is nothing to do, which one look at all of them tells. */
  private async tooLong(tenants: readonly string[]): Promise<string[]> {
    const lengths = await Promise.all(tenants.map((tenantId) => this.lengthOf(tenantId)));
    return tenants.filter((_, i) => (lengths[i] ?? 0) > this.maxLength);
  }

  private async lengthOf(tenantId: string): Promise<number> {
    try {
      return await redisCall(this.redis.commands.xlen(this.store.keys.partition(tenantId, 0).journal));
    } catch (error) {
      if (error instanceof RedisUnavailableError) throw error;
      // Trimming it fails in the same way, and says so.
      return Infinity;
    }
  }

  /** The lock is not given back after a round: so there is one round in the time of one, however many processes. */
  private async takeTurn(): Promise<boolean> {
    const taken = await redisCall(this.redis.commands.set(TRIMMER_KEY, this.id, 'PX', this.turnMs, 'NX'));
    this.turnSince = taken === 'OK' ? Date.now() : undefined;
    return taken === 'OK';
  }

  /** Two that work at once would only do more than needed: every page is one step. */
  private async keepTurn(): Promise<void> {
    if (this.turnSince === undefined || Date.now() - this.turnSince < this.turnMs / 3) return;
    await redisCall(this.redis.commands.set(TRIMMER_KEY, this.id, 'PX', this.turnMs));
    this.turnSince = Date.now();
  }

  private get turnMs(): number {
    return Math.max(1, Math.floor(this.everyMs * 0.9));
  }

  private log(tenantId: string, { deadLettered }: TrimResult): void {
    for (const [group, count] of Object.entries(deadLettered)) {
      this.logger.warn(
        `${count} events of ${tenantId} were trimmed before the group "${group}" had handled them: they are in its ` +
          'dead letters. Run its handler, remove the group, or raise JOURNAL_MAX_LENGTH.',
      );
    }
  }

  private report(what: string, error: unknown): void {
    // An outage is logged where the connection is, and the next round tries again.
    if (!(error instanceof RedisUnavailableError)) this.logger.error(`${what}: ${String(error)}`);
  }
}
