import { randomInt } from 'node:crypto';
import {
  type EventStore,
  type GroupKeys,
  ofWorkers,
  type PartitionKeys,
  type RawEntry,
  workerConsumer,
} from '../../event-store/index.js';
import { isReplyError, type RedisClient } from '../../redis/index.js';
import { partitionOf, type WorkSignals } from '../../stream-consumer/index.js';
import { type Effect, effectsWork } from '../delivery/effects.js';
import { bareEntry, type GroupEntry, toGroupEntry } from '../group/group-entries.js';
import type { SourceKind } from '../group/group-source.js';
import { groupWork } from '../group/group-work.js';
import { countLimited } from '../group/limited-settlement.js';
import { type SettledOutcome, settleCall } from '../group/script-arguments.js';
import { SCRIPTS as GROUP_SCRIPTS } from '../scripts.js';
import { SCRIPTS } from './scripts.js';
import { describeWorkers, termsOf, type WorkerGroup } from './worker-group.js';

const ANSWER_TTL_SECONDS = 86_400;
const MAX_ERROR_LENGTH = 1000;
/** No id of a ms ends higher; Redis's own limit is no number that a double holds. */
const MAX_SEQUENCE = Number.MAX_SAFE_INTEGER;

/** An entry that was given out. */
export interface GivenEntry {
  entry: GroupEntry;
  token: string;
  attempt: number;
  /** In ms of Redis's clock. */
  expiresAt: number;
}

export interface TakenForWorker {
  given: GivenEntry[];
  /** Nothing else is to be given with it. */
  isAlone: boolean;
  hasMore: boolean;
  /** In how many ms something is due by itself; undefined when nothing is. */
  nextMs: number | undefined;
}

export interface HeldEntry {
  entryId: string;
  token: string;
}

/** What a worker says came of an entry. `release`: it never got it. */
export interface WorkerOutcome extends HeldEntry {
  kind: 'ok' | 'retry' | 'backoff' | 'fail' | 'release';
  /** Of `retry`. */
  delayMs: number;
  error: string;
  effects: readonly Effect[];
}

/** What was recorded, the first time that somebody said so. */
export type WorkerSettlement =
  | { result: 'ok'; runIds: string[] }
  | { result: 'lost' }
  | { result: 'limited'; delayMs: number }
  /** Dead-lettered; to be tried again, since its effects can't be made. */
  | { result: 'dead' | 'failed'; error: string };

type TakeReply =
  | ['NO_GROUP']
  | ['CHANGED']
  | ['PAUSED']
  | [
      nextMs: number,
      buried: number,
      more: '0' | '1',
      alone: '0' | '1',
      until: number,
      token: number,
      ...given: [attempt: number, entry: RawEntry][],
    ];

type WorkerSettleReply = [lost: number[], settlement?: string, runIds?: string[]];

/** One source of entries of a group of workers: the journal of a partition, or what was sent back there. */
export class WorkerSource {
  private readonly stored: string;
  private readonly keys: GroupKeys;
  private readonly partitionKeys: PartitionKeys;
  private readonly state: ReturnType<GroupKeys['state']>;
  readonly stream: string;

  constructor(
    private readonly redis: RedisClient,
    private readonly store: EventStore,
    private readonly signals: WorkSignals,
    private readonly tenantId: string,
    readonly partition: number,
    readonly kind: SourceKind,
    private readonly name: string,
    private readonly group: WorkerGroup,
  ) {
    this.stored = ofWorkers(name);
    this.keys = store.keys.group(tenantId, partition, this.stored);
    this.partitionKeys = store.keys.partition(tenantId, partition);
    this.state = this.keys.state(kind);
    this.stream = kind === 'journal' ? this.partitionKeys.journal : this.keys.redrive;
  }

  /**
   * Makes the group where there is none.
   *
   * @param isOlder whether the stream may hold what came before the group was made, whatever the clocks say
   */
  async ensure(isOlder: boolean): Promise<void> {
    const { from, since, version } = this.group;
    const isRedrive = this.kind === 'redrive';
    // With that ms itself: what came after the moment may bear it too.
    const after = from === 'start' || isRedrive ? '0' : `${since - 1}-${MAX_SEQUENCE}`;
    await GROUP_SCRIPTS.ensureGroup.run(
      this.redis,
      [this.stream, isRedrive ? `${this.keys.meta}:redrive` : this.keys.meta],
      [this.stored, after, isOlder && after !== '0' ? 1 : 0],
    );
    await SCRIPTS.terms.run(
      this.redis,
      [this.keys.meta],
      [version, termsOf(this.group), describeWorkers(this.name, this.group)],
    );
  }

  /** @param mayLost whether what another lost may be given, which is then given alone */
  async take(
    worker: string,
    most: number,
    maxBytes: number,
    secret: string,
    mayLost: boolean,
  ): Promise<TakenForWorker | 'no group' | 'changed' | 'paused'> {
    const { leaseMs, maxAttempts, types } = this.group;
    const { meta, dead } = this.keys;
    const reply = (await SCRIPTS.take.run(
      this.redis,
      [this.stream, this.state.entries, this.state.delayed, meta, dead, this.state.leased, this.state.parked],
      [
        ...[this.stored, workerConsumer(worker, leaseMs), leaseMs, most, maxBytes, this.redriveArg()],
        ...[this.orderedArg(), maxAttempts, types?.join(',') ?? '', termsOf(this.group), secret],
        mayLost ? 1 : 0,
      ],
    )) as TakeReply;
    if (reply[0] === 'NO_GROUP') return 'no group';
    if (reply[0] === 'CHANGED') return 'changed';
    if (reply[0] === 'PAUSED') return 'paused';
    const [nextMs, , more, alone, expiresAt, token, ...given] = reply;
    return {
      given: given.map(([attempt, entry]) => ({
        ...{ entry: toGroupEntry(entry), token: `${token}.${secret}`, attempt, expiresAt },
      })),
      isAlone: alone === '1',
      hasMore: more === '1',
      nextMs: nextMs < 0 ? undefined : nextMs,
    };
  }

  /** What is held still of what was given; undefined for the rest. */
  async again(held: readonly HeldEntry[]): Promise<(GivenEntry | undefined)[]> {
    const reply = (await SCRIPTS.again.run(
      this.redis,
      [this.stream, this.state.entries, this.state.leased],
      [this.orderedArg(), ...held.flatMap(({ entryId, token }) => [entryId, token])],
    )) as ([0] | [attempt: number, expiresAt: number, entry: RawEntry])[];
    return reply.map((one, i) => {
      if (one.length === 1) return undefined;
      const [attempt, expiresAt, entry] = one;
      return { entry: toGroupEntry(entry), token: held[i]?.token ?? '', attempt, expiresAt };
    });
  }

  /** When each lease ends, in ms of Redis's clock; undefined for one that is lost. */
  async renew(held: readonly HeldEntry[]): Promise<(number | undefined)[]> {
    const reply = (await SCRIPTS.renew.run(
      this.redis,
      [this.stream, this.state.entries, this.state.leased],
      [
        ...[this.stored, this.group.leaseMs, this.orderedArg()],
        ...held.flatMap(({ entryId, token }) => [entryId, token]),
      ],
    )) as number[];
    return reply.map((until) => (until === 0 ? undefined : until));
  }

  /**
   * Records what came of an entry, together with its effects. Said again it is answered the same for 24 hours, and
   * nothing is done.
   *
   * @throws RedisUnavailableError
   */
  async settle(outcome: WorkerOutcome): Promise<WorkerSettlement> {
    try {
      return await this.record(outcome);
    } catch (error) {
      if (!isReplyError(error)) throw error;
      // What Redis refuses is no reason to hold up the rest.
      const reason = `Its outcome can't be recorded: ${error.message}`.slice(0, MAX_ERROR_LENGTH);
      const settlement = await this.record({ ...outcome, kind: 'backoff', error: reason, effects: [] });
      return settlement.result === 'ok' ? { result: 'failed', error: reason } : settlement;
    }
  }

  private async record({
    entryId,
    token,
    kind,
    delayMs,
    error,
    effects,
  }: WorkerOutcome): Promise<WorkerSettlement> {
    const { maxAttempts, ordering, backoff } = this.group;
    const { journal, journalLast, journalLive, active, runs, index, meter } = this.partitionKeys;
    const outcome: SettledOutcome = {
      ...{ entry: bareEntry(entryId), token, epoch: '', fence: '' },
      ...{ kind, delayMs, error: error.slice(0, MAX_ERROR_LENGTH), effects },
    };
    const limits = effects.length > 0 ? await this.store.limits.of(this.tenantId) : '';
    const { keys, args } = settleCall(
      this.store,
      this.tenantId,
      this.partitionKeys,
      [
        ...[
          this.stream,
          this.state.entries,
          this.state.delayed,
          this.keys.meta,
          this.keys.dead,
          this.keys.owner,
        ],
        ...[this.keys.answer(token), journal, journalLast, active, runs],
        ...[this.keys.later.due, this.keys.later.entries, index, meter, this.state.leased, this.state.parked],
      ],
      [
        ...[this.stored, '', 0, maxAttempts, this.redriveArg(), journalLive],
        ...[...this.store.limitArgs(), '', ''],
      ],
      limits,
      [outcome],
      () => undefined,
      `${ordering} ${backoff.initialMs} ${backoff.maxMs} ${randomInt(501)} ${ANSWER_TTL_SECONDS}`,
    );
    const works = effectsWork(this.tenantId, effects);
    // What comes after it, or itself, may be given out, at once or at a time that others do not know of yet.
    if (ordering === 'run' || kind !== 'ok' || effects.length > 0) works.push(this.work);
    const settle = (): Promise<unknown> => GROUP_SCRIPTS.settle.run(this.redis, keys, args);
    const reply = await (works.length > 0 ? this.signals.around(works, settle) : settle());
    return this.read(reply as WorkerSettleReply);
  }

  private read([lost, settlement = 'ok', runIds = []]: WorkerSettleReply): WorkerSettlement {
    if (lost.length > 0 || settlement === 'lost') return { result: 'lost' };
    const { word = '', rest = '' } = /^(?<word>\S+) ?(?<rest>.*)$/s.exec(settlement)?.groups ?? {};
    if (word === 'dead' || word === 'failed') return { result: word, error: rest };
    if (word !== 'limited') return { result: 'ok', runIds };
    const delayMs = Number(
      countLimited(settlement as `limited ${number}`, this.store, this.tenantId).split(' ')[1],
    );
    return { result: 'limited', delayMs };
  }

  /** Remembers how far the group is, and removes consumers that are gone. */
  async tidy(silentMs: number): Promise<void> {
    if (this.kind === 'journal') {
      const handler = describeWorkers(this.name, this.group);
      await GROUP_SCRIPTS.saveCursor.run(this.redis, [this.stream, this.keys.meta], [this.stored, handler]);
    }
    await GROUP_SCRIPTS.removeConsumers.run(this.redis, [this.stream], [this.stored, silentMs]);
  }

  private get work(): ReturnType<typeof groupWork> {
    return groupWork(partitionOf(this.tenantId, this.partition), this.stored);
  }

  private orderedArg(): number {
    return this.group.ordering === 'run' ? 1 : 0;
  }

  private redriveArg(): number {
    return this.kind === 'redrive' ? 1 : 0;
  }
}
