import { Injectable } from '@nestjs/common';
import { GroupInUseError, GroupNotFoundError, ValidationFailedError } from '../../common/index.js';
import {
  EventStore,
  groupPausedKey,
  groupRegisteredKey,
  tryParseJournalCursor,
} from '../../event-store/index.js';
import { formatEventId, normaliseTimestamp } from '../../events/index.js';
import { redisCall, RedisConnections } from '../../redis/index.js';
import { partitionOf, WorkSignals } from '../../stream-consumer/index.js';
import { groupWork } from '../group/group-work.js';
import { GroupCatalog, SILENT_AFTER_MS } from './group-info.js';
import { SCRIPTS } from '../scripts.js';

/** A day longer than done markers live. */
const REMOVED_META_TTL_SECONDS = 8 * 86_400;
/** The subject of a token may be long. */
const MAX_NAME_LENGTH = 255;

/** What an operator does with the groups of a tenant. Every method throws GroupNotFoundError. @publicApi */
@Injectable()
export class GroupControl {
  constructor(
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
    private readonly catalog: GroupCatalog,
    private readonly signals: WorkSignals,
  ) {}

  /**
   * From here on no event of the group is begun, by any process. Those that are being handled are finished. A group that
   * is paused already stays as it is.
   *
   * @param by who does it, as people shall read it
   */
  async pause(tenantId: string, name: string, by = ''): Promise<void> {
    const group = await this.catalog.find(tenantId, name);
    const { partitions } = this.store;
    // The first partition comes first: a group that is made in a new one looks there (follow-pause.ts).
    for (let done = 0; done < partitions.countOf(tenantId);) {
      for (const number of partitions.of(tenantId).slice(done)) {
        const { meta } = this.store.keys.group(tenantId, number, group);
        await SCRIPTS.pause.run(this.redis.commands, [meta], [by.slice(0, MAX_NAME_LENGTH)]);
        done++;
      }
      await partitions.refresh();
    }
    // Nobody looks at what piles up there, so whoever asks for it must know where.
    await redisCall(this.redis.commands.sadd(groupPausedKey(group), partitionOf(tenantId)));
  }

  async resume(tenantId: string, name: string): Promise<void> {
    const group = await this.catalog.find(tenantId, name);
    await this.store.partitions.refresh();
    for (const number of this.store.partitions.of(tenantId)) {
      const { meta } = this.store.keys.group(tenantId, number, group);
      await this.signals.around([groupWork(partitionOf(tenantId, number), group)], () =>
        redisCall(this.redis.commands.hdel(meta, 'paused', 'paused_at', 'paused_by')),
      );
    }
    await redisCall(this.redis.commands.srem(groupPausedKey(group), partitionOf(tenantId)));
  }

  /**
   * Delivers again what the journal has from a position on, handled or not. A position ahead of the group's own
   * changes nothing.
   *
   * @param from an id of the journal, inclusive, or an ISO time. Of partitions that the id does not name what came since
   *   then, by the clock, is delivered again.
   * @throws ValidationFailedError
   */
  async replay(tenantId: string, name: string, from: string): Promise<void> {
    const positionOf = positionsBefore(from);
    const group = await this.catalog.find(tenantId, name);
    await this.store.partitions.refresh();
    const found = await Promise.all(
      this.store.partitions
        .of(tenantId)
        .map((number) => this.replayIn(tenantId, number, group, positionOf(number))),
    );
    if (!found.includes(true)) throw new GroupNotFoundError();
  }

  /** @returns whether the group is there */
  private async replayIn(
    tenantId: string,
    number: number,
    group: string,
    position: string,
  ): Promise<boolean> {
    const keys = this.store.keys.group(tenantId, number, group);
    const { entries, delayed, leased, parked } = keys.state('journal');
    const ofRedrives = keys.state('redrive');
    const { journal } = this.store.keys.partition(tenantId, number);
    const reply = (await this.signals.around([groupWork(partitionOf(tenantId, number), group)], () =>
      SCRIPTS.replay.run(
        this.redis.commands,
        [
          ...[journal, entries, delayed, keys.meta, keys.owner, keys.later.due, keys.later.entries],
          ...[keys.redrive, ofRedrives.entries, ofRedrives.delayed, leased, parked],
        ],
        [group, position],
      ),
    )) as unknown[];
    return reply.length > 0;
  }

  /**
   * Removes a group with all it knows and its dead letters.
   *
   * @throws GroupInUseError while this application has a handler for it, or anybody handled it within the last minute
   */
  async remove(tenantId: string, name: string): Promise<void> {
    const { isHandled, isOfWorkers, stored: group } = await this.catalog.use(tenantId, name);
    if (isHandled) throw new GroupInUseError();
    // From here on its workers are told that there is no such group.
    if (isOfWorkers)
      await redisCall(
        this.redis.commands.hdel(this.store.keys.partition(tenantId, 0).workers('groups'), name),
      );
    await this.store.partitions.refresh();
    const answers: string[] = [];
    for (const number of this.store.partitions.of(tenantId)) {
      const answer = await this.removeIn(tenantId, number, group, isOfWorkers ? 0 : SILENT_AFTER_MS);
      if (answer === 'IN_USE') throw new GroupInUseError();
      answers.push(answer);
    }
    if (answers.every((answer) => answer === 'NOT_FOUND')) throw new GroupNotFoundError();
    await redisCall(this.redis.commands.srem(groupPausedKey(group), partitionOf(tenantId)));
    // Nobody has the handler, so its next registration is the first one again: `from: 'now'` means that moment.
    await redisCall(this.redis.commands.del(groupRegisteredKey(group)));
  }

  private async removeIn(tenantId: string, number: number, group: string, silentMs: number): Promise<string> {
    const keys = this.store.keys.group(tenantId, number, group);
    const [ofJournal, ofRedrives] = [keys.state('journal'), keys.state('redrive')];
    const { journal } = this.store.keys.partition(tenantId, number);
    return (await SCRIPTS.removeGroup.run(
      this.redis.commands,
      [
        ...[journal, keys.meta, keys.owner, keys.dead, keys.redrive],
        ...[ofJournal.entries, ofJournal.delayed, ofJournal.parked, ofJournal.leased],
        ...[ofRedrives.entries, ofRedrives.delayed, ofRedrives.parked, ofRedrives.leased],
        ...[keys.later.due, keys.later.entries, keys.samples],
      ],
      [group, silentMs, REMOVED_META_TTL_SECONDS],
    )) as string;
  }
}

/**
 * The position, in each partition, of a reader that has everything before. Journal entries count from 1, so that `<ms>-0`
 * comes before all of its millisecond.
 */
function positionsBefore(from: string): (partition: number) => string {
  const cursor = tryParseJournalCursor(from);
  if (cursor) {
    const newest = Math.max(...cursor.map(({ ms }) => ms));
    return (partition) => {
      const id = cursor[partition];
      return id ? formatEventId({ ms: id.ms, sequence: Math.max(id.sequence - 1, 0) }) : `${newest}-0`;
    };
  }
  const time = normaliseTimestamp(from);
  const ms = time === undefined ? -1 : Date.parse(time);
  if (ms < 0) {
    throw new ValidationFailedError([
      { path: 'from', message: 'must be the id of a journal entry, or an ISO 8601 time since 1970' },
    ]);
  }
  return () => `${ms}-0`;
}
