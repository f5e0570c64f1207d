import { Injectable } from '@nestjs/common';
import {
  DispatchStanding,
  DispatchStore,
  dispatchTopic,
  executorConsumer,
  ofWorkers,
  Partitions,
} from '../../event-store/index.js';
import { ClaimAnswers } from '../claim-answers.js';
import { Presence } from '../presence.js';
import { WaitQueues } from '../waiting/wait-queues.js';
import type { ClaimedRun } from './claimed-run.js';
import { RunLeases } from './run-leases.js';
import { RunSource, type RunsAsked } from './run-source.js';
import { WorkerExecutors } from './worker-executors.js';

/** What a worker asks for. */
export interface RunsClaim {
  tenantId: string;
  executor: string;
  worker: string;
  claimId: string;
  most: number;
  waitMs: number;
}

/** Gives runs to workers that ask for them. */
@Injectable()
export class ExecutorClaims {
  constructor(
    private readonly executors: WorkerExecutors,
    private readonly dispatch: DispatchStore,
    private readonly standing: DispatchStanding,
    private readonly partitions: Partitions,
    private readonly answers: ClaimAnswers,
    private readonly leases: RunLeases,
    private readonly queues: WaitQueues,
    private readonly presence: Presence,
  ) {}

  /**
   * Resolves with none when the time was up, or at a shutdown.
   *
   * @param gone aborts when nobody is there any more to be answered
   * @throws ExecutorNotFoundError, RedisUnavailableError
   */
  async claim(asked: RunsClaim, gone: AbortSignal): Promise<ClaimedRun[]> {
    const { tenantId, executor: name, worker, claimId } = asked;
    const executor = await this.executors.get(tenantId, name);
    await this.presence.note(tenantId, 'executors', name, worker);
    const source = new RunSource(this.dispatch, this.standing, tenantId, name, () =>
      this.partitions.of(tenantId),
    );
    const queue = this.queues.of<RunsAsked, ClaimedRun>(
      {
        ...{ tenantId, name: ofWorkers(name) },
        topic: dispatchTopic(ofWorkers(name)),
        consumer: executorConsumer(ofWorkers(name)),
      },
      () => source,
    );
    return this.answers.answer({ tenantId, kind: 'executors', name, worker, claimId }, executor.leaseMs, {
      take: () => queue.wait({ worker, executor }, asked.most, asked.waitMs, gone),
      keep: (run: ClaimedRun) => run,
      stillHeld: (runs) => this.stillHeld(runs),
      giveBack: (runs) => source.giveBack({ worker, executor }, runs),
    });
  }

  private async stillHeld(runs: readonly ClaimedRun[]): Promise<ClaimedRun[]> {
    const held = await Promise.all(runs.map((run) => this.leases.isHeld(run)));
    return runs.filter((_, i) => held[i]);
  }
}
