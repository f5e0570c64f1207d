import { Injectable, Logger } from '@nestjs/common';
import { errorReport } from '../common/index.js';
import { TenantDirectory } from '../consumer/index.js';
import { DispatchStanding, executorConsumer, ExecutorSlots, type Slots } from '../event-store/index.js';
import { type JsonObject, jsonProblem } from '../events/index.js';
import { ExecutorRegistry, type RegisteredExecutor } from '../executors/index.js';
import { Heartbeats, teamOf } from '../stream-consumer/index.js';

/** A process without a heartbeat for so long is not counted. One is sent twice a second. */
const ALIVE_MS = 5000;

/** How an executor stands, for one tenant. */
export interface ExecutorStanding {
  name: string;
  inputSchema: JsonObject | undefined;
  /** Processes that execute its runs now, for any tenant. */
  liveInstances: number;
  /** Runs that a process has. */
  running: number;
  /** What these processes can execute at once, for all tenants together; undefined when one does not say. */
  slots: Slots | undefined;
  /** Runs that wait for one. */
  pending: number;
}

/** The executors of this application, and how they stand. */
@Injectable()
export class ExecutorOverview {
  private readonly logger = new Logger('Executors');

  constructor(
    private readonly registry: ExecutorRegistry,
    private readonly dispatch: DispatchStanding,
    private readonly heartbeats: Heartbeats,
    private readonly directory: TenantDirectory,
    private readonly slots: ExecutorSlots,
  ) {}

  /** By name. @throws RedisUnavailableError */
  async list(tenantId: string): Promise<ExecutorStanding[]> {
    const executors = this.registry.all().sort((a, b) => (a.name < b.name ? -1 : 1));
    return Promise.all(executors.map((registered) => this.standing(tenantId, registered)));
  }

  private async standing(tenantId: string, registered: RegisteredExecutor): Promise<ExecutorStanding> {
    const { name } = registered;
    const [counts, live] = await Promise.all([
      this.dispatch.countRuns({ tenantId, executor: name }),
      this.live(name),
    ]);
    const slots = await this.slots.read(name, live);
    return { name, inputSchema: this.schemaOf(registered), liveInstances: live.length, slots, ...counts };
  }

  /** Of those that serve all tenants, and those that serve the same ones as this process. */
  private async live(name: string): Promise<string[]> {
    const consumer = executorConsumer(name);
    const { now, members } = await this.heartbeats.read([consumer, teamOf(consumer, this.directory.named)]);
    return [...members].filter(([, lastSeen]) => now - lastSeen < ALIVE_MS).map(([member]) => member);
  }

  /** It is user code: what is wrong with it hides no other executor. */
  private schemaOf({ name, executor }: RegisteredExecutor): JsonObject | undefined {
    try {
      const schema = executor.inputSchema?.();
      if (schema === undefined || jsonProblem(schema) === undefined) return schema;
      this.logger.warn(`Executor "${name}": inputSchema() must give a JSON object.`);
    } catch (error) {
      this.logger.warn(`Executor "${name}": inputSchema() failed\n${errorReport(error)}`);
    }
    return undefined;
  }
}
