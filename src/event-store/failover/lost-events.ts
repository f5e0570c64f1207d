import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { RedisConnections, type Shard } from '../../redis/index.js';
import { delay, RedisUnavailableError, RunEndedError, RunNotFoundError } from '../../common/index.js';
import { parseEventId, toEventInput } from '../../events/index.js';
import { EventStoreMetrics } from '../event-store-metrics.js';
import { EventStore } from '../log/event-store.js';
import { SCRIPTS } from '../scripts.js';
import type { Acknowledged } from './acknowledged.js';

const AT_ONCE = 100;
const RETRY_MS = 500;
/** For how long is remembered what was counted of a run that is gone. */
const COUNTED_SECONDS = 3600;

/** What a server that took another's place did not have. */
interface Loss {
  runId: string;
  tenantId: string;
  events: number;
  /** The last event before the loss; undefined: there is none. */
  afterId: string | undefined;
  /** The run itself is gone. */
  isGone: boolean;
}

/**
 * Counts what was acknowledged and is lost, whenever a server was replaced or has been started anew. Replication and
 * files are behind what was answered, so a failover may lose events that a producer holds for stored; nobody else would
 * ever know. Readers and handlers learn of it from a `system.warning` in the run.
 */
@Injectable()
export class LostEvents implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('EventStore');
  private readonly stopping = new AbortController();
  private stopListening = (): void => undefined;

  constructor(
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
    private readonly metrics: EventStoreMetrics,
  ) {}

  onModuleInit(): void {
    this.stopListening = this.redis.whenReplaced((shard) => {
      this.metrics.failover(shard.name);
      this.count(shard).catch((error: unknown) => this.logger.error(error));
    });
  }

  onApplicationShutdown(): void {
    this.stopListening();
    this.stopping.abort();
  }

  private async count(shard: Shard): Promise<void> {
    const ofShard = [...this.store.acknowledged.all()].filter(
      ([runId, { tenantId }]) => this.redis.shards.of(this.store.keys.run(tenantId, runId).run) === shard,
    );
    const losses: Loss[] = [];
    for (let i = 0; i < ofShard.length; i += AT_ONCE) {
      const page = ofShard
        .slice(i, i + AT_ONCE)
        .map(([runId, acknowledged]) => this.lossOf(runId, acknowledged));
      for (const loss of await Promise.all(page)) if (loss) losses.push(loss);
    }
    const events = losses.reduce((sum, loss) => sum + loss.events, 0);
    this.metrics.lost(events);
    const where = this.redis.topology === 'cluster' ? `Redis (slots from ${shard.name})` : 'Redis';
    if (losses.length === 0) {
      this.logger.warn(
        `${where} was replaced or started anew. Nothing that this process acknowledged is lost.`,
      );
      return;
    }
    const gone = losses.filter(({ isGone }) => isGone).length;
    this.logger.error(
      `${where} was replaced or started anew, and ${events} acknowledged events of ${losses.length} runs are lost` +
        `${gone > 0 ? `, ${gone} of these runs altogether` : ''}: ` +
        losses
          .slice(0, 10)
          .map(({ runId, events: n }) => `${runId} (${n})`)
          .join(', ') +
        (losses.length > 10 ? ', …' : '.'),
    );
    for (const loss of losses) if (!loss.isGone) await this.tell(loss);
  }

  private async lossOf(runId: string, { tenantId, first, count }: Acknowledged): Promise<Loss | undefined> {
    const keys = this.store.keys.run(tenantId, runId);
    const { ms, sequence } = parseEventId(first);
    const [events, afterId, gone] = (await this.whileUnavailable(() =>
      SCRIPTS.lost.run(
        this.redis.commands,
        [keys.run, keys.events, keys.lost, keys.deleted],
        [`${ms}-${sequence + count - 1}`, COUNTED_SECONDS],
      ),
    )) as [number, string, string?];
    if (events === 0 && gone === undefined) return undefined;
    return {
      runId,
      tenantId,
      events,
      afterId: afterId === '' ? undefined : afterId,
      isGone: gone !== undefined,
    };
  }

  private async tell({ tenantId, runId, events, afterId }: Loss): Promise<void> {
    const message =
      `A Redis server was replaced, and ${events} events that were acknowledged are lost` +
      ` ${afterId === undefined ? 'from the beginning of this run' : `after ${afterId}`}.`;
    const data = { message, reason: 'events_lost', after_id: afterId ?? null, count: events };
    const key = `events-lost:${afterId ?? ''}:${events}`;
    const warning = toEventInput({ type: 'system.warning', data, idempotency_key: key });
    try {
      await this.whileUnavailable(() => this.store.append(tenantId, runId, [warning]));
    } catch (error) {
      // To a run that has ended nothing is added.
      if (!(error instanceof RunEndedError || error instanceof RunNotFoundError)) throw error;
    }
  }

  /** The next failover may come while this one is counted. */
  private async whileUnavailable<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof RedisUnavailableError)) throw error;
        await delay(RETRY_MS, { signal: this.stopping.signal });
      }
    }
  }
}
