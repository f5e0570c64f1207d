import { every, pause, SharedPause, unlessAborted } from '../../common/index.js';
import { type RedisConnections } from '../../redis/index.js';
import type { Announcements } from '../members/announcements.js';
import { BUCKETS, bucketOf, type Partition, partitionOf, tenantOf } from '../buckets.js';
import { Holdings } from './holdings.js';
import { type GoneMember, Membership } from '../members/membership.js';
import type { VisitReason } from './partition-queue.js';
import type { StreamConsumer } from '../stream-consumer.js';
import { Sweeps } from './sweeps.js';
import { teamOf } from '../members/team.js';
import type { TouchedBuckets } from '../signals/touched-buckets.js';
import { walkTenants } from '../tenant-walk.js';
import { Visits } from './visits.js';
import {
  handedOnMessage,
  helpMessage,
  leaveMessage,
  type WorkKind,
  type WorkListener,
  type WorkListenerHooks,
} from '../signals/work-listener.js';
import type { WorkSignals } from '../signals/work-signals.js';

/** A member that gave no sign of life for so long is gone: others look after what it had. */
const ALIVE_MS = 2000;
const BEAT_MS = 500;
/** Once others have looked after what a member had for so long, nobody needs its name. */
const FORGET_MS = 60_000;
/** All tenants are looked at once in so long, whatever was lost. */
const WALK_MS = 600_000;
const WALK_STEP_MS = 1000;
const ANNOUNCE_MS = 10_000;
const HELP_EVERY_MS = 50;
/** Partitions that may wait for a visit while a walk goes on. */
const MANY = 500;
/** Most partitions that one call for help names. */
const MAX_HELP = 50;

const NEWS: VisitReason = { scope: 'news', helping: false };
const ALL: VisitReason = { scope: 'all', helping: false };
const LOOK: VisitReason = { scope: 'look', helping: false };

/** Of all finders of a process. */
export class FinderPauses {
  readonly beats = new SharedPause(BEAT_MS);
  readonly sweeps = new SharedPause(Sweeps.EVERY_MS);
  readonly walks = new SharedPause(WALK_STEP_MS);
}

export interface WorkFinderDeps {
  redis: RedisConnections;
  signals: WorkSignals;
  listener: WorkListener;
  announcements: Announcements;
  touchedBuckets: TouchedBuckets;
  pauses: FinderPauses;
}

export interface WorkFinderOptions {
  /** This process, unlike any other. */
  member: string;
  /** Where the names of all tenants are. */
  tenantsKey: string;
  /** The tenants that are served; undefined for all there are. */
  named: readonly string[] | undefined;
  /** The partitions of a tenant. Default: the first alone. */
  partitionsOf?: (tenantId: string) => readonly Partition[];
  onError: (error: unknown) => void;
}

/**
 * Finds the partitions in which there is something for a consumer, however many tenants there are: by signals, by what
 * was touched lately, by what members that are gone had in hand; and, slowly, by looking everywhere.
 */
export class WorkFinder {
  /** The processes that may take each other's place. */
  private readonly team: string;
  private readonly visits: Visits;
  private readonly holdings: Holdings;
  private readonly membership: Membership;
  private readonly sweeps: Sweeps;
  private readonly stopping = new AbortController();
  private loops: Promise<void>[] = [];
  /** When this process has first found a member gone, and its last sign of life, by name. */
  private readonly gone = new Map<string, { since: number; lastSeen: number }>();
  private helpedAt = Number.NEGATIVE_INFINITY;
  private beating: Promise<void> | undefined;
  private walking: Promise<void> | undefined;
  private readonly hooks: WorkListenerHooks;

  constructor(
    private readonly consumer: StreamConsumer,
    private readonly options: WorkFinderOptions,
    private readonly deps: WorkFinderDeps,
  ) {
    const { redis } = deps;
    const { member, named, onError } = options;
    this.team = teamOf(consumer.name, named);
    this.holdings = new Holdings(redis, this.team, member);
    this.membership = new Membership(redis, this.team, member, ALIVE_MS);
    this.visits = new Visits(consumer, this.holdings, {
      onOverload: (partitions) => {
        this.askForHelp(partitions);
      },
      onError,
    });
    this.sweeps = new Sweeps(consumer, this.team, deps, this.holdings, this.visits);
    this.hooks = {
      consumer: consumer.name,
      team: this.team,
      topic: consumer.topic,
      onWork: (partition, kind) => {
        this.onWork(partition, kind);
      },
      onHandedOn: (partition, to) => {
        if (to === member && this.consumer.serves(tenantOf(partition))) this.visits.resync(partition);
      },
      onLeave: () => {
        this.beat().catch(onError);
      },
      onGap: () => {
        this.sweep().catch(onError);
      },
    };
  }

  get counts(): Visits['counts'] {
    return this.visits.counts;
  }

  start(): void {
    const { signal } = this.stopping;
    const { pauses } = this.deps;
    this.deps.listener.add(this.hooks);
    this.loops = [
      every(pauses.beats, signal, () => this.beat(), this.options.onError),
      every(
        ANNOUNCE_MS,
        signal,
        () => this.deps.announcements.announce(this.consumer.name),
        this.options.onError,
      ),
      every(pauses.sweeps, signal, () => this.sweep(), this.options.onError),
      every(pauses.walks, signal, () => this.walkSlowly(), this.options.onError),
    ];
  }

  /** There is room for more. */
  pump(): void {
    this.visits.pump();
  }

  /** Tells another process of the consumer that entries of a partition are its own now. */
  handedOn(partition: Partition, member: string): void {
    this.deps.signals.tell(bucketOf(partition), handedOnMessage(partition, this.team, member));
  }

  /** Visits a partition in so many milliseconds. */
  visitIn(partition: Partition, ms: number): void {
    this.visits.addIn(partition, ms);
  }

  /**
   * Finds nothing more. From here on others are home to what this process was, and look after what it has in hand.
   * Resolves when no visit is under way.
   */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.deps.listener.remove(this.hooks);
    const left = this.beating?.catch(() => undefined) ?? Promise.resolve();
    await Promise.all([
      this.visits.stop(),
      left
        .then(() => this.membership.leave())
        .then(() => {
          this.deps.signals.tell(0, leaveMessage(this.team));
        })
        .catch(() => undefined),
    ]);
    await Promise.allSettled([...this.loops, this.walking]);
  }

  private onWork(partition: Partition, kind: WorkKind): void {
    if (!this.consumer.serves(tenantOf(partition))) return;
    const isOurs = this.membership.isHome(bucketOf(partition)) || this.consumer.owns(partition);
    if (isOurs) {
      if (kind === 'news' || kind === 'targeted')
        this.visits.add(partition, kind === 'targeted' ? ALL : NEWS);
    } else if ((kind === 'all' || kind === 'look') && this.consumer.room > 0) {
      this.visits.add(partition, { scope: kind, helping: true });
    }
  }

  private beat(): Promise<void> {
    this.beating ??= this.beatOnce().finally(() => (this.beating = undefined));
    return this.beating;
  }

  private async beatOnce(): Promise<void> {
    const { wasGone, gone, hasChanged } = await this.membership.beat();
    if (this.stopping.signal.aborted) return;
    if (wasGone) await this.holdings.restore();
    // Whoever is home to other buckets now has not looked after those that are gone there.
    if (hasChanged) for (const known of this.gone.values()) known.lastSeen = -1;
    for (const member of gone) await this.lookAfter(member);
    if (hasChanged) await this.sweep();
  }

  /** Takes over what a member had in hand, in the buckets of which this process is home. */
  private async lookAfter({ name, lastSeen }: GoneMember): Promise<void> {
    const known = this.gone.get(name);
    const since = known?.since ?? performance.now();
    if (known?.lastSeen !== lastSeen) {
      const buckets = BUCKETS.filter((bucket) => this.membership.isHome(bucket));
      const inherited = await Promise.all(buckets.map((bucket) => this.holdings.inherit(name, bucket)));
      for (const partition of inherited.flat()) {
        if (this.consumer.serves(tenantOf(partition))) this.visits.add(partition, LOOK);
      }
      this.gone.set(name, { since, lastSeen });
    } else if (performance.now() - since > FORGET_MS) {
      await this.membership.forget(name);
      this.gone.delete(name);
    }
  }

  private async sweep(): Promise<void> {
    await this.sweeps.sweep((bucket) => this.membership.isHome(bucket));
    if (this.sweeps.unknown.size === 0) return;
    this.walking ??= this.walkUnknown()
      .catch(this.options.onError)
      .finally(() => (this.walking = undefined));
  }

  /** In buckets of which nobody knows what was touched, every tenant is looked at. */
  private async walkUnknown(): Promise<void> {
    const buckets = new Set(this.sweeps.unknown);
    for await (const tenants of walkTenants(this.deps.redis, this.options.tenantsKey, this.options.named)) {
      const partitions = tenants
        .filter((tenantId) => this.consumer.serves(tenantId))
        .flatMap((tenantId) => this.partitionsOf(tenantId))
        .filter((partition) => buckets.has(bucketOf(partition)));
      await this.visits.addUnlessAtRest(partitions, LOOK);
      while (this.visits.waiting > MANY && !this.stopping.signal.aborted)
        await pause(10, this.stopping.signal);
      if (this.stopping.signal.aborted) return;
    }
    this.sweeps.known(buckets);
  }

  private async walkSlowly(): Promise<void> {
    const { signal } = this.stopping;
    const startedAt = performance.now();
    const total =
      this.options.named?.length ?? (await this.deps.redis.commands.scard(this.options.tenantsKey));
    const perStep = Math.max(1, Math.ceil((total * WALK_STEP_MS) / WALK_MS));
    let step: string[] = [];
    for await (const tenants of walkTenants(this.deps.redis, this.options.tenantsKey, this.options.named)) {
      for (const tenantId of tenants) {
        if (step.push(tenantId) < perStep) continue;
        await this.lookAt(step);
        if (signal.aborted) return;
        step = [];
      }
    }
    await this.lookAt(step);
    await pause(Math.max(0, WALK_MS - (performance.now() - startedAt)), signal);
  }

  /** After a pause, where there is something in the partitions to which this process is home. */
  private async lookAt(tenants: readonly string[]): Promise<void> {
    // At first, too: until it has heard of the others it is home to none.
    await unlessAborted(this.deps.pauses.walks.over(), this.stopping.signal);
    const partitions = tenants
      .filter((tenantId) => this.consumer.serves(tenantId))
      .flatMap((tenantId) => this.partitionsOf(tenantId))
      .filter((partition) => this.membership.isHome(bucketOf(partition)));
    await this.visits.addUnlessAtRest(partitions, LOOK);
  }

  private partitionsOf(tenantId: string): readonly Partition[] {
    return this.options.partitionsOf?.(tenantId) ?? [partitionOf(tenantId)];
  }

  private askForHelp(partitions: Iterable<[Partition, VisitReason]>): void {
    const now = performance.now();
    if (this.membership.isAlone || now - this.helpedAt < HELP_EVERY_MS) return;
    this.helpedAt = now;
    let named = 0;
    for (const [partition, { scope }] of partitions) {
      if (++named > MAX_HELP) return;
      this.deps.signals.tell(bucketOf(partition), helpMessage(partition, scope === 'look', this.team));
    }
  }
}
