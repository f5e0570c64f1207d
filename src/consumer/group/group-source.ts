import {
  type EventStore,
  type GroupKeys,
  type JournalEntry,
  type PartitionKeys,
  type RawEntry,
} from '../../event-store/index.js';
import { readGroup, redisCall, type RedisClient } from '../../redis/index.js';
import { numberOf, type Partition, tenantOf, type WorkSignals } from '../../stream-consumer/index.js';
import { type GroupEntry, type Page, type Taken, toGroupEntry, toPage } from './group-entries.js';
import { dueTimes } from './due-times.js';
import { groupWork } from './group-work.js';
import { countLimited } from './limited-settlement.js';
import { effectsWork, nameWorkerExecutors } from '../delivery/effects.js';
import { DEFAULT_EFFECT_LIMITS, type EffectLimits } from '../delivery/effect-budget.js';
import {
  type Beginning,
  type Begun,
  type Holding,
  type Lease,
  marker,
  type Outcome,
  type Settlement,
} from '../delivery/lease.js';
import { NO_FENCE, type Ownership, OwnershipLostError } from '../ordering/ownership.js';
import { Parking } from '../ordering/parking.js';
import type { RecoveryResult } from './recovery-result.js';
import {
  beatCall,
  beginCall,
  type BeginReply,
  type MarkerKey,
  readBeginnings,
  readSettlements,
  type Refused,
  refusedArgs,
  settleCall,
  type SettleReply,
  type TakeReply,
  type Unbegun,
} from './script-arguments.js';
import { SCRIPTS } from '../scripts.js';

/** How long it is remembered that an event with a producer's key is done. */
const DONE_TTL_SECONDS = 7 * 86_400;

/** Most entries that one script call takes. */
const PAGE = 1000;
/** Most bytes of entries that are taken at once; one is taken in any case. */
const MAX_TAKEN_BYTES = 1024 * 1024;

/** The journal of a partition, or the dead letters that were sent back to this group alone. */
export type SourceKind = 'journal' | 'redrive';

export interface GroupSettings {
  group: string;
  consumer: string;
  leaseMs: number;
  maxAttempts: number;
  /** Of an ordered group: only the owner reads, begins and settles. */
  ownership: Ownership | undefined;
  /** What handles the group, for those who look at it from elsewhere. */
  handler: string;
  /** Told of what becomes visible here. */
  signals: WorkSignals;
  /** How much one handled event may write. Default DEFAULT_EFFECT_LIMITS. */
  effectLimits?: EffectLimits;
}

/** One source of entries of one group, and the scripts that work on it. */
export class GroupSource {
  readonly tenantId: string;
  readonly partitionNumber: number;
  readonly stream: string;
  /** The fence under which the owner has taken all pending entries over: only then may it read new ones. */
  takenOver = '';
  /** Whether its group was there when something was taken last. */
  hadGroup = false;
  /** The replay epoch, as last heard. */
  private epoch = '0';
  private readonly keys: GroupKeys;
  private readonly partitionKeys: PartitionKeys;
  private readonly state: ReturnType<GroupKeys['state']>;
  /** What is tried again in more than an hour: it becomes one of the redrives when it is due. */
  readonly later: GroupKeys['later'];
  /** Of an ordered group. */
  readonly parking: Parking | undefined;

  constructor(
    readonly partition: Partition,
    readonly kind: SourceKind,
    private readonly redis: RedisClient,
    private readonly store: EventStore,
    private readonly settings: GroupSettings,
  ) {
    const [tenantId, number] = [tenantOf(partition), numberOf(partition)];
    this.tenantId = tenantId;
    this.partitionNumber = number;
    this.keys = store.keys.group(tenantId, number, settings.group);
    this.partitionKeys = store.keys.partition(tenantId, number);
    this.stream = kind === 'journal' ? this.partitionKeys.journal : this.keys.redrive;
    this.state = this.keys.state(kind);
    this.later = this.keys.later;
    if (!settings.ownership) return;
    const { group, consumer } = settings;
    const keys = [...this.claimKeys(), this.keys.owner] as const;
    const { parked } = this.state;
    this.parking = new Parking(redis, { keys, parked, group, consumer, redriveArg: this.redriveArg() });
  }

  get effectLimits(): EffectLimits {
    return this.settings.effectLimits ?? DEFAULT_EFFECT_LIMITS;
  }

  /** The owner's fence of an ordered group; '' while this process is not the owner, or the group is not ordered. */
  get fence(): string {
    return this.settings.ownership?.fence ?? '';
  }

  /**
   * @param from the id after which a group that never was begins
   * @param isOlder whether the stream may hold what came before the moment of `from`, whatever the clocks say
   */
  async ensureGroup(from: string, isOlder = false): Promise<void> {
    await SCRIPTS.ensureGroup.run(
      this.redis,
      [this.stream, this.kind === 'journal' ? this.keys.meta : `${this.keys.meta}:redrive`],
      this.kind === 'journal' ? [this.settings.group, from, isOlder ? 1 : 0] : [this.settings.group, '0', 0],
    );
  }

  /**
   * Takes a fencing token for entries, before any handler runs. 'paused' when nothing may begin now.
   *
   * @param held all taken under one fence
   */
  async begin(held: readonly Holding[], alone = false): Promise<Beginning[] | 'paused'> {
    const { group, consumer, leaseMs, maxAttempts } = this.settings;
    // The present fence may be another: what was dropped since comes first then.
    const fence = this.settings.ownership ? held[0]?.fence || NO_FENCE : '';
    const askedAt = performance.now();
    const ask = async (): Promise<BeginReply> => {
      const call = beginCall(
        [
          this.stream,
          this.state.entries,
          this.state.delayed,
          this.keys.meta,
          this.keys.dead,
          this.keys.owner,
        ],
        [group, consumer, fence, alone ? 1 : 0, maxAttempts, leaseMs, this.redriveArg(), this.epoch],
        held,
        this.epoch,
        this.markerKey,
      );
      return (await SCRIPTS.begin.run(this.redis, call.keys, call.args)) as BeginReply;
    };
    let reply = await ask();
    // The markers' keys carry the epoch, and a replay has begun another one.
    while (reply[0] === 'EPOCH') {
      this.epoch = reply[1];
      reply = await ask();
    }
    if (reply[0] === 'PAUSED') return 'paused';
    if (reply[0] === 'FENCED') throw new OwnershipLostError();
    this.epoch = reply[1];
    const beginnings = readBeginnings(held, reply, fence);
    // A process that was frozen while it waited for the answer: others may have begun the same since.
    const isStale = performance.now() - askedAt >= leaseMs;
    return isStale ? this.withoutLost(held, beginnings) : beginnings;
  }

  private async withoutLost(
    held: readonly Holding[],
    beginnings: readonly Beginning[],
  ): Promise<Beginning[]> {
    const leases = held.flatMap(({ entry }, i): Lease[] => {
      const beginning = beginnings[i];
      return beginning?.kind === 'run' ? [{ ...beginning, entry }] : [];
    });
    const lost = new Set(leases.length > 0 ? await this.beat(leases) : []);
    return beginnings.map((beginning, i) =>
      lost.has(held[i]?.entry.id ?? '') ? { kind: 'lost' } : beginning,
    );
  }

  /** Renews leases. Returns the ids of those that were lost. */
  async beat(held: readonly (Lease | Unbegun)[]): Promise<string[]> {
    const { group, consumer, leaseMs } = this.settings;
    const lost: string[] = [];
    for (let i = 0; i < held.length; i += PAGE) {
      const { keys, args } = beatCall(
        [this.stream, this.state.entries, this.keys.owner, this.keys.meta],
        [group, consumer, leaseMs],
        held.slice(i, i + PAGE),
        this.markerKey,
      );
      lost.push(...((await SCRIPTS.beat.run(this.redis, keys, args)) as string[]));
    }
    return lost;
  }

  /**
   * Records outcomes. To be repeated with the same `batchId` until it answers.
   *
   * @param outcomes all begun under one fence, and in one replay epoch
   */
  async settle(outcomes: readonly Outcome[], batchId: string): Promise<Settlement[]> {
    const { group, consumer, maxAttempts } = this.settings;
    const { journal, journalLast, journalLive, active, runs, index, meter } = this.partitionKeys;
    const effects = outcomes.flatMap((outcome) => outcome.effects);
    await nameWorkerExecutors(this.redis, this.store, this.tenantId, effects);
    const limits = effects.length > 0 ? await this.store.limits.of(this.tenantId) : '';
    const { keys, args } = settleCall(
      this.store,
      this.tenantId,
      this.partitionKeys,
      [
        ...this.claimKeys(),
        ...[this.keys.owner, this.keys.answer(batchId), journal, journalLast, active, runs],
        ...[this.later.due, this.later.entries, index, meter],
      ],
      [
        ...[group, outcomes[0]?.fence ?? '', DONE_TTL_SECONDS, maxAttempts, this.redriveArg(), journalLive],
        ...[...this.store.limitArgs(), consumer, outcomes[0]?.epoch ?? '0'],
      ],
      limits,
      outcomes,
      this.markerKey,
    );
    const works = effectsWork(this.tenantId, effects);
    const settle = (): Promise<unknown> => SCRIPTS.settle.run(this.redis, keys, args);
    const reply = await (works.length > 0 ? this.settings.signals.around(works, settle) : settle());
    return readSettlements(outcomes, reply as SettleReply).map((settlement) =>
      countLimited(settlement, this.store, this.tenantId),
    );
  }

  /**
   * Takes entries: what is due, then what is new. With that the first attempts at what is new begin, unless the group is
   * ordered.
   *
   * @param fence of an ordered group: the owner's
   * @throws OwnershipLostError when the fence is not the owner's any more; NoGroupError
   */
  async take(most: number, fence = ''): Promise<Taken> {
    const { group, consumer, leaseMs } = this.settings;
    const askedAt = performance.now();
    const reply = (await SCRIPTS.take.run(
      this.redis,
      [...this.claimKeys(), this.keys.owner, this.later.due, this.later.entries],
      [group, consumer, Math.min(most, PAGE), this.redriveArg(), fence, MAX_TAKEN_BYTES],
    )) as TakeReply;
    this.hadGroup = true;
    if (reply[0] === 'FENCED') throw new OwnershipLostError();
    if (reply[0] === 'PAUSED') return { nextMs: undefined, buried: 0, hasMore: false, entries: [] };
    const [nextMs, buried, more, token, epoch, notNew, ...entries] = reply;
    this.epoch = epoch;
    // A process that was frozen while it waited for the answer: others may have begun the same since.
    const hasBegun = token > 0 && performance.now() - askedAt < leaseMs;
    const begun: Begun = { kind: 'run', attempt: 1, token, epoch, fence };
    return {
      nextMs: nextMs < 0 ? undefined : nextMs,
      buried,
      hasMore: more === '1',
      entries: entries.map((raw, i) => {
        const entry = toGroupEntry(raw);
        // The event of a producer's key may have been handled in another entry, and what has waited was begun before.
        const isNew = i >= notNew && !entry.waitedFrom && !this.hasMarker(entry);
        return { entry, begun: hasBegun && isNew ? begun : undefined };
      }),
    };
  }

  /** What is pending, for anybody, and in how many milliseconds the first of others may be taken over. */
  async outlook(): Promise<{ pending: number; staleInMs: number | undefined }> {
    const { group, consumer, leaseMs } = this.settings;
    const [pending, soonest] = (await SCRIPTS.outlook.run(
      this.redis,
      [this.stream],
      [group, consumer, leaseMs],
    )) as [number, number];
    return { pending, staleInMs: soonest < 0 ? undefined : soonest };
  }

  /** Our own entries after an id, whether or not somebody works on them; those whose body was trimmed are left out. */
  async readOwn(after: string, most: number): Promise<GroupEntry[]> {
    const { group, consumer } = this.settings;
    const { redis, stream } = this;
    const rows = await redisCall(readGroup(redis, { stream, group, consumer, after, most }));
    return rows.map(toGroupEntry);
  }

  /** A page of what others left, from `after` on. */
  async claimStale(most: number, after: string): Promise<Page> {
    const { group, consumer, leaseMs } = this.settings;
    const [next, buried, ...entries] = (await SCRIPTS.claimStale.run(this.redis, this.claimKeys(), [
      group,
      consumer,
      leaseMs,
      most,
      after,
      this.redriveArg(),
    ])) as [string, number, ...RawEntry[]];
    return toPage(next, buried, entries);
  }

  /** A page of the whole pending list, for the owner of an ordered group. @throws OwnershipLostError */
  async takeOver(most: number, after: string, fence: string): Promise<Page> {
    const reply = (await SCRIPTS.takeOver.run(
      this.redis,
      [...this.claimKeys(), this.keys.owner],
      [this.settings.group, this.settings.consumer, fence, most, after, this.redriveArg()],
    )) as [string, number, ...RawEntry[]];
    if (reply[0] === 'FENCED') throw new OwnershipLostError();
    const [next, buried, ...entries] = reply;
    return toPage(next, buried, entries);
  }

  /** Gives entries back that were read and not begun: whoever looks first takes them up. */
  async handBack(ids: readonly string[]): Promise<void> {
    await this.settings.signals.around([groupWork(this.partition, this.settings.group)], async () => {
      for (let i = 0; i < ids.length; i += PAGE) {
        const page = ids.slice(i, i + PAGE);
        await this.redis.zadd(this.state.delayed, ...page.flatMap((id) => [0, id]));
      }
    });
  }

  /**
   * Hands entries on to versions of the handler that may want them; those that have none are acknowledged.
   *
   * @returns for each: to which of them it went, counted from 1; 0 when all had refused; -1 when it is not ours any more
   */
  async handOn(refused: readonly Refused[], fingerprint: string): Promise<number[]> {
    const { group, consumer } = this.settings;
    const answers: number[] = [];
    for (let i = 0; i < refused.length; i += PAGE) {
      const page = await SCRIPTS.handOn.run(
        this.redis,
        [this.stream, this.state.entries],
        [group, consumer, fingerprint, this.redriveArg(), ...refusedArgs(refused.slice(i, i + PAGE))],
      );
      answers.push(...(page as number[]));
    }
    return answers;
  }

  /** When entries that wait are due, in ms of this process's clock; undefined for one that does not wait. */
  dueTimes(entries: readonly JournalEntry[]): Promise<(number | undefined)[]> {
    return dueTimes(this.redis, this.state.delayed, entries);
  }

  /** Remembers how far the group is, and removes consumers that are gone. */
  async tidy(goneAfterMs: number): Promise<void> {
    const { group, handler } = this.settings;
    if (this.kind === 'journal')
      await SCRIPTS.saveCursor.run(this.redis, [this.stream, this.keys.meta], [group, handler]);
    await SCRIPTS.removeConsumers.run(this.redis, [this.stream], [group, goneAfterMs]);
  }

  /** Writes down what a recovery of this tenant found. */
  async noteRecovery(result: RecoveryResult): Promise<void> {
    await this.redis.hset(this.keys.meta, 'recovery', JSON.stringify({ at: Date.now(), ...result }));
  }

  private claimKeys(): [string, string, string, string, string] {
    return [this.stream, this.state.entries, this.state.delayed, this.keys.meta, this.keys.dead];
  }

  private redriveArg(): number {
    return this.kind === 'redrive' ? 1 : 0;
  }

  /** Of a dead letter that was sent back nobody asks whether it was handled before: an operator wants it handled again. */
  private hasMarker(entry: GroupEntry): boolean {
    return (this.kind === 'journal' || entry.waitedFrom === 'journal') && marker(entry) !== '';
  }

  private readonly markerKey: MarkerKey = (epoch, entry) =>
    this.hasMarker(entry) ? `${this.keys.done}${epoch}:${marker(entry)}` : undefined;
}
