import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import {
  type EventStore,
  type GroupKeys,
  type JournalEntry,
  type PartitionKeys,
  type RawEntry,
  readJournalEntry,
} from '../event-store/index.js';
import { parseEventId } from '../events/index.js';
import { type Effect, effectArgs } from './effects.js';
import { SCRIPTS } from './scripts.js';

/** How long it is remembered that an event with a producer's key is done. */
const DONE_TTL_SECONDS = 7 * 86_400;

/** The journal of a tenant, or the dead letters that were sent back to this group alone. */
export type SourceKind = 'journal' | 'redrive';

export interface GroupSettings {
  group: string;
  consumer: string;
  leaseMs: number;
  maxAttempts: number;
}

/** What became of an entry that was to begin. */
export type Beginning =
  | { kind: 'run'; attempt: number; token: number; epoch: string }
  /** It belongs to another consumer now. */
  | { kind: 'lost' }
  /** Its event was handled before. */
  | { kind: 'done' }
  /** The same event is being handled in another entry. */
  | { kind: 'elsewhere' }
  /** The process that handled it last died: it is to be begun alone. */
  | { kind: 'suspect' }
  | { kind: 'dead' };

export interface Outcome {
  entry: JournalEntry;
  token: number;
  epoch: string;
  kind: 'ok' | 'retry' | 'fail' | 'release';
  delayMs: number;
  error: string;
  effects: readonly Effect[];
}

/** What settle.lua answers for an entry; `refused …` says why its effects can't be made. */
export type Settlement = 'ok' | 'lost' | 'retry' | 'dead' | 'released' | `refused ${string}`;

export interface Page {
  /** Where to go on; undefined at the end. */
  next: string | undefined;
  /** Entries that were dead-lettered, since their bodies are gone. */
  buried: number;
  entries: JournalEntry[];
}

/** Thrown when another process owns an ordered group now. */
export class OwnershipLostError extends Error {}

/** One source of entries of one group, and the scripts that work on it. */
export class GroupSource {
  readonly stream: string;
  /** As the tick last saw it. */
  paused = false;
  /** The owner's fence of an ordered group; '' while this process is not the owner, or the group is not ordered. */
  fence = '';
  private readonly keys: GroupKeys;
  private readonly partition: PartitionKeys;
  private readonly state: { entries: string; delayed: string };

  constructor(
    readonly tenantId: string,
    readonly kind: SourceKind,
    private readonly redis: Redis,
    private readonly store: EventStore,
    private readonly settings: GroupSettings,
  ) {
    this.keys = store.keys.group(tenantId, 0, settings.group);
    this.partition = store.keys.partition(tenantId, 0);
    this.stream = kind === 'journal' ? this.partition.journal : this.keys.redrive;
    this.state = this.keys.state(kind);
  }

  /** @param from where a group that never was begins */
  async ensureGroup(from: string): Promise<void> {
    await SCRIPTS.ensureGroup.run(
      this.redis,
      [this.stream, this.kind === 'journal' ? this.keys.meta : `${this.keys.meta}:redrive`],
      [this.settings.group, this.kind === 'journal' ? from : '0'],
    );
  }

  /** Takes a fencing token for entries, before any handler runs. 'paused' when nothing may begin now. */
  async begin(entries: readonly JournalEntry[], alone = false): Promise<Beginning[] | 'paused'> {
    const { group, consumer, leaseMs, maxAttempts } = this.settings;
    const reply = (await SCRIPTS.begin.run(
      this.redis,
      [this.stream, this.state.entries, this.state.delayed, this.keys.meta, this.keys.dead, this.keys.owner],
      [
        group,
        consumer,
        this.fence,
        alone ? 1 : 0,
        maxAttempts,
        this.kind === 'journal' ? this.keys.done : '',
        leaseMs,
        this.redriveArg(),
        ...entries.flatMap((entry) => [entry.id, marker(entry)]),
      ],
    )) as [string | number, string, ...(number | string)[]];
    if (reply[0] === 'PAUSED') return 'paused';
    if (reply[0] === 'FENCED') throw new OwnershipLostError();
    const [token, epoch, ...states] = reply;
    return states.map((state) =>
      typeof state === 'number'
        ? { kind: 'run', attempt: state, token: Number(token), epoch }
        : { kind: state as Exclude<Beginning['kind'], 'run'> },
    );
  }

  /** Extends leases. Returns the ids of those that were lost. */
  async beat(held: readonly { entry: JournalEntry; token: number; epoch: string }[]): Promise<string[]> {
    const { group, consumer, leaseMs } = this.settings;
    return (await SCRIPTS.beat.run(
      this.redis,
      [this.stream, this.state.entries],
      [
        group,
        consumer,
        leaseMs,
        this.donePrefix(held[0]?.epoch),
        ...held.flatMap(({ entry, token }) => [entry.id, token, marker(entry)]),
      ],
    )) as string[];
  }

  /**
   * Records outcomes. To be repeated with the same `batchId` until it answers.
   *
   * @param outcomes all of one replay epoch
   */
  async settle(outcomes: readonly Outcome[], batchId: string): Promise<Settlement[]> {
    return (await SCRIPTS.settle.run(
      this.redis,
      [
        this.stream,
        this.state.entries,
        this.state.delayed,
        this.keys.meta,
        this.keys.dead,
        this.keys.owner,
        this.keys.answer(batchId),
      ],
      [
        this.settings.group,
        this.fence,
        DONE_TTL_SECONDS,
        this.donePrefix(outcomes[0]?.epoch),
        this.settings.maxAttempts,
        this.redriveArg(),
        this.partition.prefix,
        ...this.store.limitArgs(),
        ...outcomes.flatMap((outcome) => [
          outcome.entry.id,
          outcome.token,
          marker(outcome.entry),
          outcome.kind,
          outcome.delayMs,
          outcome.error,
          ...effectArgs(this.store, outcome.effects),
        ]),
      ],
    )) as Settlement[];
  }

  /** Entries whose delay is over. */
  async due(most: number): Promise<Page> {
    const [paused, buried, ...entries] = (await SCRIPTS.due.run(this.redis, this.claimKeys(), [
      this.settings.group,
      this.settings.consumer,
      most,
      this.redriveArg(),
    ])) as [string, number, ...RawEntry[]];
    this.paused = paused === '1';
    return page('', buried, entries);
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
    return page(next, buried, entries);
  }

  /** A page of the whole pending list, for the owner of an ordered group. @throws OwnershipLostError */
  async takeOver(most: number, after: string): Promise<Page> {
    const reply = (await SCRIPTS.takeOver.run(
      this.redis,
      [...this.claimKeys(), this.keys.owner],
      [this.settings.group, this.settings.consumer, this.fence, most, after, this.redriveArg()],
    )) as [string, number, ...RawEntry[]];
    if (reply[0] === 'FENCED') throw new OwnershipLostError();
    const [next, buried, ...entries] = reply;
    return page(next, buried, entries);
  }

  /** Becomes or stays the owner. False when somebody else is. */
  async own(leaseMs = this.settings.leaseMs): Promise<boolean> {
    this.fence = (await SCRIPTS.own.run(
      this.redis,
      [this.keys.owner],
      [this.settings.consumer, this.fence, leaseMs],
    )) as string;
    return this.fence !== '';
  }

  /** Gives entries back that were read and not begun: whoever asks first takes them up. */
  async handBack(ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.redis.zadd(this.state.delayed, ...ids.flatMap((id) => [0, id]));
  }

  /** Acknowledges entries that no handler wants. */
  async skip(entries: readonly JournalEntry[]): Promise<void> {
    if (entries.length > 0)
      await this.redis.xack(this.stream, this.settings.group, ...entries.map(({ id }) => id));
  }

  /** When entries that wait are due, in ms of Redis's clock; undefined for one that does not wait. */
  async dueTimes(entries: readonly JournalEntry[]): Promise<(number | undefined)[]> {
    if (entries.length === 0) return [];
    const scores = await this.redis.zmscore(this.state.delayed, ...entries.map(({ id }) => id));
    return scores.map((score) => (score === null ? undefined : Number(score)));
  }

  /** Remembers how far the group is, and removes consumers that are gone. */
  async tidy(goneAfterMs: number): Promise<void> {
    const { group } = this.settings;
    if (this.kind === 'journal')
      await SCRIPTS.saveCursor.run(this.redis, [this.stream, this.keys.meta], [group]);
    await SCRIPTS.removeConsumers.run(this.redis, [this.stream], [group, goneAfterMs]);
  }

  private claimKeys(): string[] {
    return [this.stream, this.state.entries, this.state.delayed, this.keys.meta, this.keys.dead];
  }

  private redriveArg(): number {
    return this.kind === 'redrive' ? 1 : 0;
  }

  private donePrefix(epoch: string | undefined): string {
    return this.kind === 'journal' && epoch !== undefined ? `${this.keys.done}${epoch}:` : '';
  }
}

/** A batch's name, under which its answer is remembered. */
export function newBatchId(): string {
  return randomUUID();
}

/** An event with a producer's key may come again in another entry: its run and key tell. */
function marker({ runId, event }: JournalEntry): string {
  return event.key === undefined ? '' : `${runId}:${event.key}`;
}

function page(next: string, buried: number, entries: RawEntry[]): Page {
  return { next: next === '' ? undefined : next, buried, entries: entries.map(toJournalEntry) };
}

/** What can't be read becomes an entry without a type, so that it ends in the dead letters and not in the way. */
export function toJournalEntry(raw: RawEntry): JournalEntry {
  try {
    return readJournalEntry(raw);
  } catch {
    const position = parseEventId(raw[0]);
    const event = {
      id: raw[0],
      position,
      type: '',
      body: '',
      timestamp: undefined,
      key: undefined,
      ends: undefined,
    };
    return { id: raw[0], position, runId: '', event };
  }
}
