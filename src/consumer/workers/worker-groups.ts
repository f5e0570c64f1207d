import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { errorText, RunstreamError, ValidationFailedError } from '../../common/index.js';
import { EventStore, Journal, ofWorkers } from '../../event-store/index.js';
import { decodeEvent, type RecordedEvent } from '../../events/index.js';
import { redisCall, RedisConnections } from '../../redis/index.js';
import { partitionOf, WorkSignals } from '../../stream-consumer/index.js';
import type { EffectLimits } from '../delivery/effect-budget.js';
import { followPause } from '../group/follow-pause.js';
import type { SourceKind } from '../group/group-source.js';
import { type DeliveryPlace, formatDeliveryId, parseDeliveryId } from './delivery-id.js';
import { type AskedEffects, effectsOf } from './worker-effects.js';
import type { WorkerGroup } from './worker-group.js';
import {
  type GivenEntry,
  type HeldEntry,
  type TakenForWorker,
  type WorkerOutcome,
  type WorkerSettlement,
  WorkerSource,
} from './worker-source.js';

const KINDS = ['redrive', 'journal'] as const;
/** Most bytes of bodies that are given at once; one event is given in any case. */
const MAX_GIVEN_BYTES = 1024 * 1024;
/** After an outage leases that have ended are left alone for a while: so soon it is looked again whether that is over. */
const PATIENCE_MS = 250;
const TIDY_EVERY_MS = 30_000;
const SILENT_MS = 600_000;
const MAX_TIDIED = 10_000;
/** Of one settlement: it is one step of Redis. */
const EFFECT_LIMITS: EffectLimits = { events: 100, bytes: 1024 * 1024 };
const UNREADABLE = 'the event can not be read';

/** Which group of which tenant, as it is defined now. */
export interface WorkerGroupRef {
  tenantId: string;
  name: string;
  group: WorkerGroup;
  /** Reads anew how it is defined. @throws GroupNotFoundError */
  reread(): Promise<WorkerGroup>;
}

/** An event in the hand of a worker. */
export interface WorkerDelivery {
  id: string;
  token: string;
  attempt: number;
  /** In ms of Redis's clock. */
  expiresAt: number;
  event: RecordedEvent;
}

/** By what a worker holds an event. */
export interface WorkerHold {
  id: string;
  token: string;
}

export interface AskedSettlement extends WorkerHold, AskedEffects {
  /** `release`: it was not begun, and another may have it. */
  outcome: 'success' | 'retry' | 'fail' | 'release';
  /** Of `retry`; undefined: the group's backoff. */
  delayMs: number | undefined;
  error: string;
}

/** Gives the events of a tenant's groups of workers out, and records what came of them. All that it knows is in Redis. */
@Injectable()
export class WorkerGroups {
  private readonly tidied = new Map<string, number>();
  private turn = 0;

  constructor(
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
    private readonly journal: Journal,
    private readonly signals: WorkSignals,
  ) {}

  /** Makes the group in all partitions of its tenant. @throws RedisUnavailableError */
  async ensure({ tenantId, name, group }: Omit<WorkerGroupRef, 'reread'>): Promise<void> {
    await this.store.partitions.refresh();
    for (const partition of this.store.partitions.of(tenantId))
      for (const kind of KINDS) await this.source(tenantId, name, group, partition, kind).ensure(true);
  }

  /**
   * Gives what there is now to a worker: each under a lease.
   *
   * @returns also in how many ms something may come that nobody signals; undefined when nothing is known to come
   * @throws GroupNotFoundError, RedisUnavailableError
   */
  async take(
    ref: WorkerGroupRef,
    worker: string,
    most: number,
  ): Promise<{ deliveries: WorkerDelivery[]; nextMs: number | undefined }> {
    const secret = randomBytes(12).toString('base64url');
    const deliveries: WorkerDelivery[] = [];
    let nextMs: number | undefined;
    let bytes = 0;
    for (const [partition, kind] of this.placesOf(ref.tenantId)) {
      if (deliveries.length >= most || (deliveries.length > 0 && bytes >= MAX_GIVEN_BYTES)) break;
      const source = this.source(ref.tenantId, ref.name, ref.group, partition, kind);
      const isSteady = await this.redis.hasBeenSteadyFor(ref.group.leaseMs, source.stream);
      const taken = await this.takeFrom(ref, source, {
        ...{ worker, most: most - deliveries.length, maxBytes: Math.max(1, MAX_GIVEN_BYTES - bytes) },
        ...{ secret, mayLost: isSteady && deliveries.length === 0 },
      });
      if (!taken) continue;
      const dueMs = isSteady ? taken.nextMs : taken.nextMs && Math.max(taken.nextMs, PATIENCE_MS);
      if (dueMs !== undefined) nextMs = Math.min(nextMs ?? Infinity, dueMs);
      for (const given of taken.given) bytes += given.entry.event.body.length;
      deliveries.push(...(await this.readable(ref, source, taken.given)));
      if (taken.isAlone) break;
    }
    return { deliveries, nextMs };
  }

  /** About how many events could be given now. */
  async available({ tenantId, name }: Pick<WorkerGroupRef, 'tenantId' | 'name'>): Promise<number> {
    const stored = ofWorkers(name);
    const counts = await Promise.all(
      this.store.partitions.of(tenantId).map(async (partition) => {
        const keys = this.store.keys.group(tenantId, partition, stored);
        const [{ groups }, ...others] = await Promise.all([
          this.journal.journalInfo(tenantId, partition),
          redisCall(this.redis.commands.zcard(keys.state('journal').delayed)),
          redisCall(this.redis.commands.xlen(keys.redrive)),
        ]);
        const lag = groups.find((one) => one.name === stored)?.lag ?? 0;
        return others.reduce((sum, count) => sum + count, lag);
      }),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** What is held still of what was given, in order. */
  async again(
    { tenantId, name, group }: WorkerGroupRef,
    held: readonly WorkerHold[],
  ): Promise<WorkerDelivery[]> {
    const found = await this.bySource(held, (place, entries) =>
      this.source(tenantId, name, group, place.partition, place.kind)
        .again(entries)
        .then((again) => again.map((given) => given && toDelivery(tenantId, place, given))),
    );
    return found.filter((delivery) => delivery !== undefined);
  }

  /** When each lease ends, in ms of Redis's clock; undefined for one that is lost. @throws RedisUnavailableError */
  renew(
    { tenantId, name, group }: WorkerGroupRef,
    held: readonly WorkerHold[],
  ): Promise<(number | undefined)[]> {
    return this.bySource(held, ({ partition, kind }, entries) =>
      this.source(tenantId, name, group, partition, kind).renew(entries),
    );
  }

  /**
   * Records outcomes, each with its effects. Said again, in whatever company, each is answered as the first time, for 24
   * hours.
   *
   * @throws RunstreamError for effects that are wrong by themselves: then nothing is recorded; RedisUnavailableError
   */
  async settle(
    { tenantId, name, group }: WorkerGroupRef,
    settlements: readonly AskedSettlement[],
  ): Promise<WorkerSettlement[]> {
    const outcomes = settlements.map((settlement, i) => this.prepare(settlement, i));
    return Promise.all(
      outcomes.map(async (prepared): Promise<WorkerSettlement> => {
        if (!prepared) return { result: 'lost' };
        const { place, failure, outcome } = prepared;
        const source = this.source(tenantId, name, group, place.partition, place.kind);
        const settlement = await source.settle(outcome);
        return failure === undefined ? settlement : asFailure(settlement, failure);
      }),
    );
  }

  /** Whoever it was for is gone: others may have it at once, and it was no attempt. */
  async giveBack({ tenantId, name, group }: WorkerGroupRef, held: readonly WorkerHold[]): Promise<void> {
    const released = { kind: 'release', delayMs: 0, error: '', effects: [] } as const;
    await Promise.all(
      held.map(async ({ id, token }) => {
        const place = parseDeliveryId(id);
        if (!place) return;
        const { partition, kind, entryId } = place;
        await this.source(tenantId, name, group, partition, kind).settle({ ...released, entryId, token });
      }),
    );
  }

  private prepare(
    { id, token, outcome, delayMs, error, ...asked }: AskedSettlement,
    i: number,
  ): { place: DeliveryPlace; outcome: WorkerOutcome; failure?: string } | undefined {
    const place = parseDeliveryId(id);
    if (!place) return undefined;
    const held = { entryId: place.entryId, token };
    if (outcome === 'fail' || outcome === 'release')
      return { place, outcome: { ...held, kind: outcome, delayMs: 0, error, effects: [] } };
    if (outcome === 'retry') {
      const kind = delayMs === undefined ? 'backoff' : 'retry';
      return { place, outcome: { ...held, kind, delayMs: delayMs ?? 0, error, effects: [] } };
    }
    try {
      const effects = effectsOf(this.store, asked, place.partition, EFFECT_LIMITS);
      return { place, outcome: { ...held, kind: 'ok', delayMs: 0, error: '', effects } };
    } catch (problem) {
      if (problem instanceof RunstreamError) throw at(problem, `settlements[${i}]`);
      const failure = errorText(problem);
      return {
        place,
        failure,
        outcome: { ...held, kind: 'backoff', delayMs: 0, error: failure, effects: [] },
      };
    }
  }

  /** Undefined where nothing can be taken now. */
  private async takeFrom(
    ref: WorkerGroupRef,
    source: WorkerSource,
    asked: { worker: string; most: number; maxBytes: number; secret: string; mayLost: boolean },
  ): Promise<TakenForWorker | undefined> {
    const { worker, most, maxBytes, secret, mayLost } = asked;
    const take = (from: WorkerSource) => from.take(worker, most, maxBytes, secret, mayLost);
    let taken = await take(source);
    if (taken === 'changed' || taken === 'no group') {
      const { tenantId, name } = ref;
      ref.group = await ref.reread();
      const { partition, kind } = source;
      if (partition > 0)
        await followPause(this.redis, this.store, ofWorkers(name), partitionOf(tenantId, partition));
      const anew = this.source(tenantId, name, ref.group, partition, kind);
      await anew.ensure(false);
      taken = await take(anew);
    }
    if (typeof taken === 'string') return undefined;
    await this.tidy(ref, source);
    return taken;
  }

  /** What can't be read ends among the dead letters, and not at a worker. */
  private async readable(
    { tenantId }: WorkerGroupRef,
    source: WorkerSource,
    given: readonly GivenEntry[],
  ): Promise<WorkerDelivery[]> {
    const deliveries: WorkerDelivery[] = [];
    for (const one of given) {
      const { id: entryId } = one.entry;
      const { partition, kind } = source;
      try {
        deliveries.push(toDelivery(tenantId, { partition, kind, entryId }, one));
      } catch {
        const { token } = one;
        await source.settle({ entryId, token, kind: 'fail', delayMs: 0, error: UNREADABLE, effects: [] });
      }
    }
    return deliveries;
  }

  private async tidy({ tenantId, name, group }: WorkerGroupRef, source: WorkerSource): Promise<void> {
    const place = `${tenantId} ${name} ${source.partition} ${source.kind}`;
    const now = performance.now();
    if (now - (this.tidied.get(place) ?? Number.NEGATIVE_INFINITY) < TIDY_EVERY_MS) return;
    const [oldest] = this.tidied.keys();
    if (oldest !== undefined && this.tidied.size >= MAX_TIDIED) this.tidied.delete(oldest);
    this.tidied.delete(place);
    this.tidied.set(place, now);
    await source.tidy(Math.max(SILENT_MS, 10 * group.leaseMs));
  }

  /** Each time another one comes first. */
  private placesOf(tenantId: string): [partition: number, kind: SourceKind][] {
    const partitions = this.store.partitions.of(tenantId);
    const first = this.turn++ % partitions.length;
    return [...partitions.slice(first), ...partitions.slice(0, first)].flatMap((partition) =>
      KINDS.map((kind): [number, SourceKind] => [partition, kind]),
    );
  }

  /** Asks each source once; what no source can have is undefined. */
  private async bySource<T>(
    held: readonly WorkerHold[],
    ask: (place: DeliveryPlace, entries: HeldEntry[]) => Promise<(T | undefined)[]>,
  ): Promise<(T | undefined)[]> {
    const groups = new Map<string, { place: DeliveryPlace; entries: HeldEntry[]; at: number[] }>();
    for (const [i, { id, token }] of held.entries()) {
      const place = parseDeliveryId(id);
      if (!place) continue;
      const name = `${place.partition} ${place.kind}`;
      const group = groups.get(name) ?? { place, entries: [], at: [] };
      groups.set(name, group);
      group.entries.push({ entryId: place.entryId, token });
      group.at.push(i);
    }
    const answers = held.map((): T | undefined => undefined);
    await Promise.all(
      [...groups.values()].map(async ({ place, entries, at: positions }) => {
        const found = await ask(place, entries);
        for (const [k, position] of positions.entries()) answers[position] = found[k];
      }),
    );
    return answers;
  }

  private source(
    tenantId: string,
    name: string,
    group: WorkerGroup,
    partition: number,
    kind: SourceKind,
  ): WorkerSource {
    return new WorkerSource(
      ...([this.redis.commands, this.store, this.signals, tenantId, partition, kind, name, group] as const),
    );
  }
}

function toDelivery(
  tenantId: string,
  { partition, kind }: DeliveryPlace,
  { entry, token, attempt, expiresAt }: GivenEntry,
): WorkerDelivery {
  const id = formatDeliveryId({ partition, kind, entryId: entry.id });
  return { id, token, attempt, expiresAt, event: decodeEvent(tenantId, entry.runId, entry.event) };
}

/** Its effects can't be made from here: what was recorded is that failure. */
function asFailure(settlement: WorkerSettlement, error: string): WorkerSettlement {
  return settlement.result === 'ok' ? { result: 'failed', error } : settlement;
}

/** Where in a request it is wrong. */
function at(error: RunstreamError, path: string): RunstreamError {
  if (!(error instanceof ValidationFailedError)) return error;
  return new ValidationFailedError(
    error.violations.map((violation) => ({ ...violation, path: `${path}.${violation.path}` })),
    error.more,
  );
}
