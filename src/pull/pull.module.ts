import { type DynamicModule, Global, Module } from '@nestjs/common';
import { ClaimAnswers } from './claim-answers.js';
import { Definitions } from './definitions.js';
import { ExecutorClaims } from './executors/executor-claims.js';
import { RunLeases } from './executors/run-leases.js';
import { WorkerExecutors } from './executors/worker-executors.js';
import { EventDeliveries } from './groups/event-deliveries.js';
import { ServedGroups } from './groups/served-groups.js';
import { Presence } from './presence.js';
import { WaitQueues } from './waiting/wait-queues.js';
import { Wakeups } from './waiting/wakeups.js';

const SERVICES = [
  Definitions,
  ClaimAnswers,
  Presence,
  Wakeups,
  WaitQueues,
  WorkerExecutors,
  ExecutorClaims,
  RunLeases,
  ServedGroups,
  EventDeliveries,
];

/** What workers outside of the service need to execute runs and to handle events over HTTP. */
@Global()
@Module({})
export class PullModule {
  /** @param executors those of the deployment: their names are taken */
  static of(executors: DynamicModule): DynamicModule {
    return { module: PullModule, imports: [executors], providers: SERVICES, exports: SERVICES };
  }
}
