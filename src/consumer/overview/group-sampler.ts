import { randomUUID } from 'node:crypto';
import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { delay, RedisUnavailableError } from '../../common/index.js';
import { groupSamplerKey } from '../../event-store/index.js';
import { isRedisUnavailable, redisCall, RedisConnections } from '../../redis/index.js';
import { ConsumerRunner } from '../consumer-runner.js';
import { GroupOverviewReader } from './group-overview.js';
import { GroupOverviews } from './group-overviews.js';
import { GroupSamples } from './group-samples.js';
import { TenantSamples } from './tenant-samples.js';

const EVERY_MS = 10_000;
/** Shorter than the pause between two tries of one process, or every second of them would find the lock still there. */
const TURN_MS = 9_000;

/**
 * Writes samples of each group of this application: of the tenants in which it is busy every ten seconds, and of their
 * sum once a minute. It runs in every process, also where nothing is consumed; a lock lets one of them do it.
 */
@Injectable()
export class GroupSampler implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Consumers');
  private readonly stopping = new AbortController();
  private readonly id = randomUUID();
  private sampling: Promise<void> | undefined;

  constructor(
    private readonly redis: RedisConnections,
    private readonly runner: ConsumerRunner,
    private readonly overviews: GroupOverviews,
    private readonly samples: GroupSamples,
    private readonly reader: GroupOverviewReader,
    private readonly ofTenants: TenantSamples,
  ) {}

  onApplicationBootstrap(): void {
    this.sampling = this.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.sampling;
  }

  /**
   * Writes samples, unless some process did so within the last ten seconds.
   *
   * @returns whether this one did
   * @throws RedisUnavailableError
   */
  async sample(group: string): Promise<boolean> {
    const { commands } = this.redis;
    // The lock is not given back, so it is done once in its time, however many processes there are.
    const taken = await redisCall(commands.set(groupSamplerKey(group), this.id, 'PX', TURN_MS, 'NX'));
    if (taken !== 'OK') return false;
    await this.ofTenants.add(group, await this.reader.readTenants(group));
    const at = await this.redis.now(groupSamplerKey(group));
    if (await this.samples.isDue(group, at)) await this.samples.add(await this.overviews.of(group), at);
    return true;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    for (;;) {
      // It keeps no process alive: one whose start fails is not told to stop.
      await delay(EVERY_MS, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await this.sampleAll(signal);
      } catch (error) {
        // An outage is logged once, by the connections.
        if (!(error instanceof RedisUnavailableError || isRedisUnavailable(error))) this.logger.error(error);
      }
    }
  }

  private async sampleAll(signal: AbortSignal): Promise<void> {
    for (const { options } of this.runner.registered) {
      if (signal.aborted) return;
      await this.sample(options.group);
    }
  }
}
