import { Injectable } from '@nestjs/common';
import {
  type AskedSettlement,
  groupConsumer,
  type WorkerDelivery,
  WorkerGroups,
  type WorkerHold,
  type WorkerSettlement,
} from '../../consumer/index.js';
import { EXTERNAL, JOURNAL_TOPIC, ofWorkers } from '../../event-store/index.js';
import { ClaimAnswers } from '../claim-answers.js';
import { WorkerExecutors } from '../executors/worker-executors.js';
import { Presence } from '../presence.js';
import { WaitQueues } from '../waiting/wait-queues.js';
import { DeliverySource } from './delivery-source.js';
import { ServedGroups } from './served-groups.js';

/** What a worker asks for. */
export interface DeliveriesAsked {
  tenantId: string;
  group: string;
  worker: string;
  claimId: string;
  most: number;
  waitMs: number;
}

/** Gives events to workers that ask for them. Every method throws GroupNotFoundError, RedisUnavailableError. */
@Injectable()
export class EventDeliveries {
  constructor(
    private readonly served: ServedGroups,
    private readonly groups: WorkerGroups,
    private readonly executors: WorkerExecutors,
    private readonly answers: ClaimAnswers,
    private readonly queues: WaitQueues,
    private readonly presence: Presence,
  ) {}

  /**
   * Resolves with none when the time was up, or at a shutdown.
   *
   * @param gone aborts when nobody is there any more to be answered
   */
  async take(asked: DeliveriesAsked, gone: AbortSignal): Promise<WorkerDelivery[]> {
    const { tenantId, group: name, worker, claimId } = asked;
    const ref = await this.served.get(tenantId, name);
    await this.presence.note(tenantId, 'groups', name, worker);
    const stored = ofWorkers(name);
    const queue = this.queues.of(
      { tenantId, name: stored, topic: JOURNAL_TOPIC, consumer: groupConsumer(stored) },
      () => new DeliverySource(this.groups, { tenantId, name }),
    );
    return this.answers.answer({ tenantId, kind: 'groups', name, worker, claimId }, ref.group.leaseMs, {
      take: () => queue.wait({ worker, ref }, asked.most, asked.waitMs, gone),
      keep: ({ id, token }): WorkerHold => ({ id, token }),
      stillHeld: (held) => this.groups.again(ref, held),
      giveBack: (given) => this.groups.giveBack(ref, given),
    });
  }

  /** @throws RunstreamError for effects that are wrong by themselves, UNKNOWN_EXECUTOR: then nothing is recorded */
  async settle(
    tenantId: string,
    name: string,
    settlements: readonly AskedSettlement[],
  ): Promise<WorkerSettlement[]> {
    const ref = await this.served.get(tenantId, name);
    const resolved = await Promise.all(
      settlements.map(async (settlement) => ({
        ...settlement,
        startRuns: await Promise.all(
          settlement.startRuns.map(async (run) => ({
            ...run,
            executor: await this.executors.resolve(tenantId, run.executor ?? EXTERNAL),
          })),
        ),
      })),
    );
    return this.groups.settle(ref, resolved);
  }

  /** When each lease ends, in ms of Redis's clock; undefined for one that is lost. */
  async renew(tenantId: string, name: string, held: readonly WorkerHold[]): Promise<(number | undefined)[]> {
    return this.groups.renew(await this.served.get(tenantId, name), held);
  }
}
