import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplicationContext, Provider } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { ConsumerModule } from '../../src/consumer/index.js';
import { EventStore, EventStoreModule, type RunRecord, RunStore } from '../../src/event-store/index.js';
import type { JsonObject, RecordedEvent } from '../../src/events/index.js';
import { LimitsModule } from '../../src/limits/index.js';
import { RedisConnections, RedisModule } from '../../src/redis/index.js';
import { ExecutorRegistry, type ExecutorsOptions } from '../../src/executors/index.js';
import { ExecutorRunner, ExecutorsModule } from '../../src/dispatch/index.js';
import { TenancyModule } from '../../src/tenancy/index.js';
import { uniqueTenant } from './event-store.js';
import { eventually } from './eventually.js';
import { PATIENCE_MS, testRedisUrl } from './redis.js';
import { testLogger } from './test-logger.js';

/** An instance that executes runs. */
export interface TestExecutors {
  app: INestApplicationContext;
  tenant: string;
  store: EventStore;
  runs: RunStore;
  redis: RedisConnections;
  registry: ExecutorRegistry;
  runner: ExecutorRunner;
  createRun(executor: string, input?: JsonObject): Promise<string>;
  /** Creates a run, and gives it back once it was executed to its end. */
  execute(executor: string, input?: JsonObject): Promise<RunRecord>;
  ended(runId: string): Promise<RunRecord>;
  /** Resolves once nothing is executed here any more. */
  idle(): Promise<void>;
  events(runId: string): Promise<RecordedEvent[]>;
  cancel(runId: string): Promise<void>;
  close(): Promise<void>;
}

export interface TestExecutorsOptions extends Omit<ExecutorsOptions, 'commandsFile'> {
  providers?: Provider[];
  /** Contents of the commands file. */
  commands?: Record<string, unknown>;
  url?: string;
  /** Other instances with the same tenant share its runs. Default: one that no other test has. */
  tenant?: string;
  /** Whose runs are executed. Default: the tenant's. */
  tenants?: readonly string[];
  /** Default 15,000: on the shared server an answer can stand behind what other tests move. */
  commandTimeoutMs?: number;
  maxLength?: number;
}

export async function createTestExecutors(options: TestExecutorsOptions = {}): Promise<TestExecutors> {
  const {
    providers = [],
    commands,
    url = testRedisUrl(),
    tenant = uniqueTenant(),
    tenants = [tenant],
    maxLength,
    commandTimeoutMs = PATIENCE_MS,
    ...executors
  } = options;
  const commandsFile = join(tmpdir(), `runstream-test-commands-${randomUUID()}.json`);
  if (commands) await writeFile(commandsFile, JSON.stringify(commands));
  const module = await Test.createTestingModule({
    imports: [
      RedisModule.forRoot({ url, commandTimeoutMs }),
      LimitsModule.forRoot({}),
      EventStoreModule.forRoot({ multiTenant: true, ...(maxLength && { maxLength }) }),
      TenancyModule.forRoot({
        enabled: true,
        defaultTenantId: 'default',
        allowedTenants: '*',
        header: 'X-Tenant-ID',
      }),
      // Not the runs of other tests.
      ConsumerModule.forRoot({ tenants }),
      ExecutorsModule.forRoot({ ...executors, ...(commands && { commandsFile }) }),
    ],
    providers,
  })
    .setLogger(testLogger)
    .compile()
    .finally(() => rm(commandsFile, { force: true }));
  const app = await module.init().catch(async (error: unknown) => {
    await module.close();
    throw error;
  });
  const store = app.get(EventStore);
  const runs = app.get(RunStore);
  const runner = app.get(ExecutorRunner, { strict: false });

  const instance: TestExecutors = {
    app,
    tenant,
    store,
    runs,
    redis: app.get(RedisConnections),
    registry: app.get(ExecutorRegistry, { strict: false }),
    runner,
    createRun: async (executor, input = {}) => {
      const context = {
        session_id: null,
        epic_id: null,
        task_id: 't1',
        git_sha: null,
        mode: null,
        artifact_paths: [],
      };
      const { run } = await runs.create(tenant, { executor, task: 'a test', input, labels: {}, context });
      return run.id;
    },
    execute: async (executor, input) => {
      const id = await instance.createRun(executor, input);
      const record = await instance.ended(id);
      await instance.idle();
      return record;
    },
    idle: () => eventually('nothing is executed', () => runner.activeCount === 0),
    ended: async (runId) => {
      await eventually('the run has ended', async () => {
        const { status } = await runs.get(tenant, runId);
        return status !== 'pending' && status !== 'running';
      });
      return runs.get(tenant, runId);
    },
    events: async (runId) => {
      const events: RecordedEvent[] = [];
      for (;;) {
        const page = await store.read(tenant, runId, {
          after: { ms: 0, sequence: 0 },
          ...(events.length > 0 && { after: positionOf(events.at(-1)!.id) }),
        });
        if (page.events.length === 0) return events;
        for (const { json } of page.events) events.push(JSON.parse(json.toString()) as RecordedEvent);
      }
    },
    cancel: async (runId) => {
      await store.append(tenant, runId, [
        { event: { category: 'lifecycle', action: 'cancelled' }, data: { reason: 'a test' } },
      ]);
    },
    close: () => app.close(),
  };
  return instance;
}

function positionOf(id: string): { ms: number; sequence: number } {
  const [ms, sequence] = id.split('-');
  return { ms: Number(ms), sequence: Number(sequence) };
}

export const typeOf = ({ event }: RecordedEvent): string => `${event.category}.${event.action}`;
