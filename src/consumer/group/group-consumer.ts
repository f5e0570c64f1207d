import { Logger } from '@nestjs/common';
import { every, pause, RedisUnavailableError } from '../../common/index.js';
import { type EventStore, JOURNAL_TOPIC, TENANTS_KEY } from '../../event-store/index.js';
import { isNoGroup, isRedisUnavailable, type RedisConnections } from '../../redis/index.js';
import {
  numberOf,
  type Partition,
  type StreamConsumer,
  tenantOf,
  type Visited,
  type VisitTerms,
  type WorkFinder,
  type WorkFinders,
} from '../../stream-consumer/index.js';
import type { ConsumerTelemetry } from '../consumer-telemetry.js';
import { Deliverer } from '../delivery/deliverer.js';
import { bySource } from '../delivery/delivery.js';
import { describeHandler } from '../handler/handler-description.js';
import type { EffectLimits } from '../delivery/effect-budget.js';
import { GroupRecovery } from './group-recovery.js';
import { GroupSource } from './group-source.js';
import { GroupSources } from './group-sources.js';
import { followPause } from './follow-pause.js';
import { groupConsumer, groupWork } from './group-work.js';
import type { HeldBytes } from '../flow/held-bytes.js';
import type { Intake } from './intake.js';
import type { GroupAnnouncement } from '../members/group-announcement.js';
import { OwnedIntake } from '../ordering/owned-intake.js';
import { Owners } from '../ordering/owners.js';
import type { HandlerVersions } from '../members/handler-versions.js';
import { Patience } from './patience.js';
import type { RegisteredHandler } from '../handler/registered-handler.js';
import { Refusals } from '../delivery/refusals.js';
import { SharedIntake } from './shared-intake.js';
import { MAX_IN_MEMORY } from '../ordering/run-lanes.js';
import { Succession } from '../ordering/succession.js';
import type { SuspectGate } from '../delivery/suspect-gate.js';
import type { TenantDirectory } from './tenant-directory.js';

/** What handlers may still say when their time is up and their signal has told them so. */
const LAST_WORDS_MS = 500;
/** For a visit to come back when the process stops. */
const LAST_VISIT_MS = 500;
const ERROR_PAUSE_MS = 500;

/** Consumes for one handler: takes what a WorkFinder finds, keeps leases, and recovers what was left. */
export class GroupConsumer implements StreamConsumer {
  readonly topic = JOURNAL_TOPIC;
  readonly name: string;
  readonly deliverer: Deliverer;
  readonly recovery: GroupRecovery;
  /** Of an ordered group, another one once it was idle for a newer version. */
  finder: WorkFinder;
  private readonly sources: GroupSources;
  /** Of an ordered group. */
  private readonly owners: Owners | undefined;
  private readonly stopping = new AbortController();
  /** Ends what must go on while handlers finish: leases and outcomes. */
  private readonly stopped = new AbortController();
  private readonly logger: Logger;
  private readonly patience: Patience;
  private readonly intake: Intake;
  private loops: Promise<void>[] = [];

  constructor(
    private readonly handler: RegisteredHandler,
    /** Ends with its lease in ms, preceded by a dot: others go by that (scripts/lease.lua). */
    readonly consumer: string,
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
    private readonly tenants: TenantDirectory,
    gate: SuspectGate,
    telemetry: ConsumerTelemetry,
    private readonly finders: WorkFinders,
    private readonly effectLimits: EffectLimits,
    private readonly held: HeldBytes,
    private readonly announcement: GroupAnnouncement,
    private readonly versions: HandlerVersions,
  ) {
    const { group, leaseMs } = handler.options;
    this.name = groupConsumer(group);
    this.logger = new Logger(`Consumer ${group}`);
    this.finder = this.createFinder();
    this.deliverer = new Deliverer(handler, {
      ...{ store, gate, telemetry, bytes: held, logger: this.logger, signal: this.stopped.signal },
      refusals: new Refusals(versions, handler.options.ordering === 'run', (partition, member) => {
        this.finder.handedOn(partition, member);
      }),
      finder: {
        pump: () => {
          this.finder.pump();
        },
        visitIn: (partition, ms) => {
          this.finder.visitIn(partition, ms);
        },
      },
    });
    this.patience = new Patience(redis, leaseMs);
    this.recovery = new GroupRecovery(this.patience, this.deliverer, this.logger, this.stopping.signal);
    this.sources = new GroupSources(group, leaseMs, redis, tenants, {
      create: (partition) => this.createSources(partition),
      isIdle: (partition) => this.inHand(partition) === 0 && !this.owns(partition),
      onDrop: (partition) => this.owners?.forget(partition),
      partitionsOf: store.partitions.namesOf,
      beforeGroup: (partition) => followPause(redis, store, group, partition),
    });
    const sourcesOf = (partition: Partition): readonly GroupSource[] => this.sources.of(partition);
    if (handler.options.ordering === 'run') {
      const keyOf = (partition: Partition): string =>
        store.keys.group(tenantOf(partition), numberOf(partition), group).owner;
      this.owners = new Owners(redis.commands, keyOf, consumer, leaseMs, this.patience, (partition) => {
        this.deliverer.forget(({ source }) => source.partition === partition);
      });
      this.intake = new OwnedIntake(leaseMs, sourcesOf, this.deliverer, this.recovery, {
        isOurs: (partition) => this.owners?.isOurs(partition) ?? false,
        renew: async (partition) => this.owners?.renew(partition),
        giveUp: async (partition) => {
          this.sources.drop(partition);
          await this.owners?.giveUp(partition);
        },
      });
    } else this.intake = new SharedIntake(sourcesOf, this.deliverer, this.recovery);
  }

  get group(): string {
    return this.handler.options.group;
  }

  get leaseMs(): number {
    return this.handler.options.leaseMs;
  }

  get batchSize(): number {
    return this.handler.options.batchSize;
  }

  get concurrency(): number {
    return this.owners ? MAX_IN_MEMORY : this.handler.options.concurrency;
  }

  get room(): number {
    return this.held.roomFor(this.intake.room, this.deliverer.inHand.size);
  }

  serves(tenantId: string): boolean {
    return this.tenants.serves(tenantId);
  }

  inHand(partition: Partition): number {
    return this.deliverer.inHand.sizeOf(partition);
  }

  owns(partition: Partition): boolean {
    return this.intake.owns(partition);
  }

  /** Begins to consume. During an outage it waits for its end. */
  start(): void {
    const log = (error: unknown): void => {
      this.logUnlessUnavailable(error);
    };
    this.loops = [every(this.leaseMs / 3, this.stopped.signal, () => this.renew(), log), this.begin()];
  }

  /** Renews leases out of turn. */
  renewNow(): void {
    this.renew().catch((error: unknown) => {
      this.logUnlessUnavailable(error);
    });
  }

  private async begin(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        if (this.handler.options.from === 'now') await this.sources.register();
        await this.announcement.start();
        if (this.owners) await this.succeed(this.owners);
        else this.finder.start();
        return;
      } catch (error) {
        this.logUnlessUnavailable(error);
        await pause(ERROR_PAUSE_MS, signal);
      }
    }
  }

  private createFinder(): WorkFinder {
    return this.finders.create(this, {
      member: this.consumer,
      tenantsKey: TENANTS_KEY,
      named: this.tenants.named,
      partitionsOf: this.store.partitions.namesOf,
      onError: (error) => {
        this.logUnlessUnavailable(error);
      },
    });
  }

  /**
   * Takes nothing new; handlers that run get until `deadlineMs` from now; what was taken and not begun is handed back.
   */
  async stop(deadlineMs: number): Promise<void> {
    this.stopping.abort();
    await within(LAST_VISIT_MS, this.stopFinding());
    await this.deliverer.stop();
    await within(deadlineMs, this.deliverer.idle());
    const reason = new Error('The process is stopping.');
    this.stopped.abort(reason);
    for (const attempt of this.deliverer.attempts()) attempt.abort(reason);
    await within(LAST_WORDS_MS, this.deliverer.idle());
    const owned = this.owners?.owned() ?? [];
    await Promise.allSettled(owned.map((partition) => this.letGo(partition)));
    await this.owners?.giveUpAll();
    await Promise.allSettled(this.loops);
    await this.announcement.finish();
  }

  /** An ordered group is run by its newest version alone: an older one lets go of what it owns, and waits. */
  private async succeed(owners: Owners): Promise<void> {
    const succession = new Succession(this.versions, this.announcement, {
      owned: () => owners.owned(),
      letGo: (partition) => this.letGo(partition),
      begin: () => {
        this.finder = this.createFinder();
        this.finder.start();
        // What was let go of is not known to it.
        for (const partition of this.sources.known()) this.finder.visitIn(partition, 0);
      },
      end: async () => {
        this.logger.log(
          'A newer version of the handler runs: this process takes nothing for the group any more.',
        );
        await within(LAST_VISIT_MS, this.finder.stop());
        this.deliverer.forget(({ isUnderWay }) => !isUnderWay);
        for (const source of this.sources.all()) source.takenOver = '';
      },
      isIdle: (partition) => this.inHand(partition) === 0,
    });
    await succession.run(this.stopping.signal, (error) => {
      this.logUnlessUnavailable(error);
    });
  }

  /** Others need not wait until they look again. */
  private async letGo(partition: Partition): Promise<void> {
    const work = groupWork(partition, this.group);
    // They know it by an ownership that is over.
    this.sources.drop(partition);
    await this.finders.signals.around([work], async () => this.owners?.giveUp(partition));
  }

  private async stopFinding(): Promise<void> {
    await Promise.all([this.finder.stop(), this.announcement.stop()]);
  }

  async isAtRest(partition: Partition): Promise<boolean> {
    return this.sources.isAtRest(partition);
  }

  async visit(partition: Partition, terms: VisitTerms): Promise<Visited> {
    const isLook = terms.scope === 'look';
    // Mostly it is the last look after something was done: it need not be a whole one.
    if (isLook && !terms.resync && this.inHand(partition) === 0 && (await this.isAtRest(partition))) {
      await Promise.all([this.sources.tidy(partition), this.intake.rest(partition)]);
      return { taken: 0, isIdle: true };
    }
    let visited: Visited;
    try {
      visited = await this.intake.visit(partition, terms);
    } catch (error) {
      if (!isNoGroup(error)) throw error;
      if (!(await this.sources.ensureGroup(partition))) return { taken: 0, isIdle: true };
      visited = await this.intake.visit(partition, terms);
    }
    if (isLook) await this.sources.tidy(partition);
    return visited;
  }

  /** Renews what is in hand, running or not. Of an ordered group the ownership covers what is not running. */
  private async renew(): Promise<void> {
    await this.owners?.renewAll();
    for (const [source, deliveries] of bySource(this.deliverer.inHand)) {
      const held = this.owners ? deliveries.filter(({ attempt }) => attempt) : deliveries;
      const leases = held.map((delivery) => delivery.attempt ?? delivery);
      const lost = new Set(await source.beat(leases));
      if (lost.size === 0) continue;
      const gone = new Set<unknown>(leases.filter(({ entry }) => lost.has(entry.id)));
      for (const attempt of this.deliverer.attempts()) if (gone.has(attempt)) attempt.abort(leaseLost());
      // What had begun by then has an outcome by now, or will hear that it is lost.
      this.deliverer.forget((delivery) => gone.has(delivery) && !delivery.isUnderWay);
    }
  }

  private createSources(partition: Partition): GroupSource[] {
    return (['journal', 'redrive'] as const).map(
      (kind) =>
        new GroupSource(partition, kind, this.redis.commands, this.store, {
          group: this.group,
          consumer: this.consumer,
          leaseMs: this.leaseMs,
          maxAttempts: this.handler.options.maxAttempts,
          ownership: this.owners?.of(partition),
          handler: describeHandler(this.handler),
          effectLimits: this.effectLimits,
          signals: this.finders.signals,
        }),
    );
  }

  /** An outage is logged once, by the connections. */
  private logUnlessUnavailable(error: unknown): void {
    if (error instanceof RedisUnavailableError || isRedisUnavailable(error)) this.patience.noteTrouble();
    else if (!isNoGroup(error)) this.logger.error(error);
  }
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  const enough = new AbortController();
  await Promise.race([work, pause(ms, enough.signal)]);
  enough.abort();
}

function leaseLost(): Error {
  return new Error('The lease was lost: another process has this event.');
}
