import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import {
  EVENT_STORE_OPTIONS,
  EVENT_STORE_DEFAULTS,
  EventStore,
  type EventStoreOptions,
} from '../event-store/index.js';
import { RedisConnections } from '../redis/index.js';
import { WorkFinders } from '../stream-consumer/index.js';
import { CONSUMER_DEFAULTS, CONSUMER_OPTIONS, type ConsumerOptions } from './consumer-options.js';
import { ConsumerTelemetry } from './consumer-telemetry.js';
import { readEffectLimits } from './delivery/effect-budget.js';
import { GroupConsumer } from './group/group-consumer.js';
import { HandlerExplorer } from './handler/handler-explorer.js';
import { HeldBytes } from './flow/held-bytes.js';
import { GroupAnnouncement } from './members/group-announcement.js';
import { GroupMembers } from './members/group-members.js';
import { HandlerVersions } from './members/handler-versions.js';
import { GroupTally } from './members/group-tally.js';
import type { RegisteredHandler } from './handler/registered-handler.js';
import { SuspectGate } from './delivery/suspect-gate.js';
import { TenantDirectory } from './group/tenant-directory.js';

/** Runs the consumer groups of this process, from its start to its end. */
@Injectable()
export class ConsumerRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Consumers');
  private readonly consumer = consumerName();
  private groups: GroupConsumer[] = [];
  private handlers: RegisteredHandler[] = [];
  private stopListening = (): void => undefined;

  constructor(
    private readonly explorer: HandlerExplorer,
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
    private readonly tenants: TenantDirectory,
    private readonly telemetry: ConsumerTelemetry,
    private readonly gate: SuspectGate,
    private readonly finders: WorkFinders,
    private readonly held: HeldBytes,
    private readonly members: GroupMembers,
    private readonly tally: GroupTally,
    @Inject(CONSUMER_OPTIONS) private readonly options: ConsumerOptions,
    @Inject(EVENT_STORE_OPTIONS) private readonly storeOptions: EventStoreOptions,
  ) {}

  /** The handlers of this application, whether or not they run in this process. */
  get registered(): readonly RegisteredHandler[] {
    return this.handlers;
  }

  /** The groups that run here. */
  get running(): readonly GroupConsumer[] {
    return this.groups;
  }

  onApplicationBootstrap(): void {
    this.handlers = this.explorer.explore();
    if (this.options.enabled === false) return;
    for (const handler of this.handlers) this.start(handler);
    this.stopListening = this.redis.whenReady(this.onReady);
  }

  async beforeApplicationShutdown(): Promise<void> {
    const deadlineMs = this.options.shutdownTimeoutMs ?? CONSUMER_DEFAULTS.shutdownTimeoutMs;
    await Promise.all(this.groups.map((group) => group.stop(deadlineMs)));
    this.stopListening();
  }

  /** Leases ran on while Redis was away: others wait only so long. */
  private readonly onReady = (): void => {
    for (const group of this.groups) group.renewNow();
  };

  private start(handler: RegisteredHandler): void {
    const { group, types, ordering, maxAttempts } = handler.options;
    const excluded = this.storeOptions.journalExclude ?? EVENT_STORE_DEFAULTS.journalExclude;
    for (const type of types ?? []) {
      if (excluded.includes(type)) {
        this.logger.warn(
          `${handler.name} wants ${type}, which JOURNAL_EXCLUDE leaves out: it will see none.`,
        );
      }
    }
    this.logger.log(
      `${handler.name} handles ${types?.join(', ') ?? 'all types'} in the group "${group}": ` +
        `${ordering === 'run' ? 'in order within each run' : 'in any order'}, at least once, up to ${maxAttempts} attempts; ` +
        'effects through the context exactly once.',
    );
    const name = `${this.consumer}.${handler.options.leaseMs}`;
    const announcement = new GroupAnnouncement(handler, name, this.tenants.named, this.members, this.tally);
    const consumer = new GroupConsumer(
      handler,
      name,
      this.redis,
      this.store,
      this.tenants,
      this.gate,
      this.telemetry,
      this.finders,
      readEffectLimits(this.options),
      this.held,
      announcement,
      new HandlerVersions(handler, this.tenants.named, this.members),
    );
    this.groups.push(consumer);
    consumer.start();
  }
}

/** Unique for each start of a process: an earlier one's entries are claimed, never taken for our own. */
function consumerName(): string {
  return `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`;
}
