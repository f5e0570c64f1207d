import { Injectable } from '@nestjs/common';
import { LeaseLostError, RunNotFoundError } from '../../common/index.js';
import {
  type BeatAnswer,
  DispatchStore,
  EventStore,
  partitionOfRun,
  workerOf,
} from '../../event-store/index.js';
import { isTerminal, type RunStatus, type TerminalStatus } from '../../events/index.js';
import { redisCall, RedisConnections } from '../../redis/index.js';
import { type ClaimedRun, readLeaseToken } from './claimed-run.js';

/** How a run stands for the worker that has it. */
export interface LeaseState {
  status: RunStatus;
  /** In ms of Redis's clock; undefined once the run has ended. */
  expiresAt: number | undefined;
}

/** A lease that a worker has shown, and that was its run's newest when it was looked at. */
export interface Lease extends ClaimedRun {
  status: RunStatus;
  /** The run has ended, or was given back. */
  isOver: boolean;
}

/**
 * The leases of workers on runs. Whatever is asked is looked up in Redis, so it does not matter which process gave one
 * out. Every method throws RedisUnavailableError.
 */
@Injectable()
export class RunLeases {
  constructor(
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
    private readonly dispatch: DispatchStore,
  ) {}

  /**
   * The lease that a token is for; undefined when it is not the newest of its run.
   *
   * @throws RunNotFoundError
   */
  async find(tenantId: string, runId: string, token: string): Promise<Lease | undefined> {
    const key = this.store.keys.run(tenantId, runId).run;
    const [status, deleting, fence, taken, executor, entry, consumer, until] = await redisCall(
      this.redis.commands.hmget(
        key,
        ...['status', 'deleting', 'fence', 'taken', 'executor', 'dispatch', 'holder', 'lease'],
      ),
    );
    if (!status || deleting) throw new RunNotFoundError();
    const shown = readLeaseToken(token);
    const worker = workerOf(consumer ?? '');
    const isNewest = shown && worker && String(shown.fence) === fence && shown.taken === taken;
    if (!isNewest || !executor || !entry || !consumer) return undefined;
    const partition = partitionOfRun(runId);
    return {
      entry: { tenantId, partition, executor, id: entry, runId },
      ...{ consumer, token, fence: shown.fence, leaseMs: worker.leaseMs },
      status: status as RunStatus,
      isOver: isTerminal(status) || until === '0',
    };
  }

  /** @throws RunNotFoundError, LeaseLostError */
  async get(tenantId: string, runId: string, token: string): Promise<Lease> {
    const lease = await this.find(tenantId, runId, token);
    if (!lease) throw new LeaseLostError();
    return lease;
  }

  /** Whether a run is still with whom it was given to. */
  async isHeld({ entry: { tenantId, runId }, token, fence }: ClaimedRun): Promise<boolean> {
    const lease = await this.find(tenantId, runId, token).catch((error: unknown) => {
      if (error instanceof RunNotFoundError) return undefined;
      throw error;
    });
    return lease !== undefined && lease.fence === fence && !lease.isOver;
  }

  /**
   * Says that the worker is there. Of a run that has ended it takes the last traces.
   *
   * @throws LeaseLostError, RunNotFoundError
   */
  async renew({ entry, consumer, fence, leaseMs }: ClaimedRun): Promise<LeaseState> {
    const held = { runId: entry.runId, fence, waitingFor: '' };
    const key = this.store.keys.run(entry.tenantId, entry.runId).run;
    // In one round trip: each append of a worker waits for it.
    const [[answer], now] = await Promise.all([
      this.dispatch.beat(entry, consumer, leaseMs, [held]),
      this.redis.now(key),
    ]);
    if (answer === 'held') return { status: 'running', expiresAt: now + leaseMs };
    if (!isEnd(answer)) {
      if (answer === 'gone') throw new RunNotFoundError();
      throw new LeaseLostError();
    }
    await this.dispatch.settle(entry);
    return { status: answer, expiresAt: undefined };
  }

  /**
   * Gives a run back.
   *
   * @param delayMs for how long nobody is to get it; at most the lease
   */
  async release({ entry, consumer, fence, leaseMs, status }: Lease, delayMs: number): Promise<void> {
    if (isTerminal(status)) await this.dispatch.settle(entry);
    else await this.dispatch.release(entry, consumer, fence, { ms: Math.min(delayMs, leaseMs), leaseMs });
  }
}

function isEnd(answer: BeatAnswer | undefined): answer is TerminalStatus {
  return answer !== undefined && isTerminal(answer);
}
