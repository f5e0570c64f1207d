import { Injectable } from '@nestjs/common';
import { ExecutorNotFoundError, RunstreamError } from '../../common/index.js';
import { DispatchStanding, EXTERNAL, ofWorkers } from '../../event-store/index.js';
import type { JsonObject } from '../../events/index.js';
import { ExecutorRegistry } from '../../executors/index.js';
import { Definitions } from '../definitions.js';
import { Presence } from '../presence.js';

/** How runs are executed by a tenant's workers. */
export interface WorkerExecutor {
  version: number;
  onCrash: 'fail' | 'restart';
  maxAttempts: number;
  leaseMs: number;
  inputSchema: JsonObject | undefined;
}

/** A worker of an executor. */
export interface WorkerStanding {
  worker: string;
  /** Runs that it holds. */
  running: number;
  /** When it last asked for one, in ms since 1970; undefined when that was over a minute ago. */
  askedAt: number | undefined;
}

/** How it stands. */
export interface WorkerExecutorStanding extends WorkerExecutor {
  name: string;
  running: number;
  pending: number;
}

/** The executors of tenants' workers. Every method throws RedisUnavailableError. */
@Injectable()
export class WorkerExecutors {
  constructor(
    private readonly definitions: Definitions,
    private readonly registry: ExecutorRegistry,
    private readonly dispatch: DispatchStanding,
    private readonly presence: Presence,
  ) {}

  /** @throws RunstreamError EXECUTOR_TAKEN, VERSION_OUTDATED; ValidationFailedError when there are too many */
  async put(tenantId: string, name: string, executor: WorkerExecutor): Promise<void> {
    if (name === EXTERNAL || this.registry.get(name)) {
      throw new RunstreamError(
        'EXECUTOR_TAKEN',
        'An executor of this name is part of the deployment. Choose another name for your workers.',
      );
    }
    await this.definitions.put(tenantId, 'executors', name, executor);
  }

  /** @throws ExecutorNotFoundError */
  async get(tenantId: string, name: string): Promise<WorkerExecutor> {
    const executor = await this.definitions.get<WorkerExecutor>(tenantId, 'executors', name);
    if (!executor) throw new ExecutorNotFoundError();
    return executor;
  }

  /** @throws ExecutorNotFoundError */
  async delete(tenantId: string, name: string): Promise<void> {
    if (!(await this.definitions.delete(tenantId, 'executors', name))) throw new ExecutorNotFoundError();
  }

  /** By name, with what waits. */
  async list(tenantId: string): Promise<WorkerExecutorStanding[]> {
    const all = await this.definitions.list<WorkerExecutor>(tenantId, 'executors');
    return Promise.all([...all].map(([name, executor]) => this.standing(tenantId, name, executor)));
  }

  async standing(tenantId: string, name: string, executor: WorkerExecutor): Promise<WorkerExecutorStanding> {
    const counts = await this.dispatch.countRuns({ tenantId, executor: ofWorkers(name) });
    return { ...executor, name, ...counts };
  }

  /** Those that hold runs of it, or asked for some within the last minute, by name. */
  async workers(tenantId: string, name: string): Promise<WorkerStanding[]> {
    const [holders, seen] = await Promise.all([
      this.dispatch.holders({ tenantId, executor: ofWorkers(name) }),
      this.presence.list(tenantId, 'executors', name),
    ]);
    return [...new Set([...holders.keys(), ...seen.keys()])]
      .sort()
      .map((worker) => ({ worker, running: holders.get(worker) ?? 0, askedAt: seen.get(worker) }));
  }

  /** Whether a lost run of it is begun again, by whoever claims it next; undefined when there is no such executor. */
  async onCrash(tenantId: string, name: string): Promise<WorkerExecutor['onCrash'] | undefined> {
    return (await this.definitions.get<WorkerExecutor>(tenantId, 'executors', name))?.onCrash;
  }

  /**
   * The name in Redis of what `POST /runs` calls an executor.
   *
   * @throws RunstreamError UNKNOWN_EXECUTOR
   */
  async resolve(tenantId: string, name: string): Promise<string> {
    if (name === EXTERNAL || this.registry.get(name)) return name;
    if (await this.definitions.get(tenantId, 'executors', name)) return ofWorkers(name);
    throw this.registry.unknown(name, [...(await this.definitions.list(tenantId, 'executors')).keys()]);
  }
}
