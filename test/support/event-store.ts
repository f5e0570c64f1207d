import { randomBytes } from 'node:crypto';
import type { INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  EventStore,
  EventStoreModule,
  type EventStoreOptions,
  LiveFeed,
  RunStore,
  RunWatcher,
} from '../../src/event-store/index.js';
import type { EventInput, JsonObject } from '../../src/events/index.js';
import { RedisConnections, RedisModule } from '../../src/redis/index.js';
import { testRedisUrl } from './redis.js';

/** One instance's event store; several of them share a Redis as several processes would. */
export interface TestStore {
  app: INestApplicationContext;
  tenant: string;
  store: EventStore;
  runs: RunStore;
  watcher: RunWatcher;
  feeds: LiveFeed;
  redis: RedisConnections;
  /** Creates an external run: its first event is `lifecycle.started`. */
  createRun(executor?: string): Promise<string>;
  close(): Promise<void>;
}

/** A tenant that no other test has: what keeps tests apart on the shared server. */
export function uniqueTenant(): string {
  return `t${randomBytes(6).toString('hex')}`;
}

export async function createTestStore(
  options: EventStoreOptions & { url?: string; tenant?: string; commandTimeoutMs?: number } = {},
): Promise<TestStore> {
  const { url = testRedisUrl(), tenant = uniqueTenant(), commandTimeoutMs = 2000, ...storeOptions } = options;
  const module = await Test.createTestingModule({
    imports: [
      RedisModule.forRoot({ url, commandTimeoutMs }),
      EventStoreModule.forRoot({ multiTenant: true, ...storeOptions }),
    ],
  }).compile();
  const app = await module.init();
  const runs = app.get(RunStore);
  return {
    app,
    tenant,
    store: app.get(EventStore),
    runs,
    watcher: app.get(RunWatcher),
    feeds: app.get(LiveFeed),
    redis: app.get(RedisConnections),
    createRun: async (executor = 'external') => {
      const { run } = await runs.create(tenant, {
        executor,
        task: 'a test',
        input: {},
        labels: {},
        context: {
          session_id: null,
          epic_id: null,
          task_id: null,
          git_sha: null,
          mode: null,
          artifact_paths: [],
        },
      });
      return run.id;
    },
    close: () => app.close(),
  };
}

/** An ordinary event: one line of output. */
export function line(text: string, more: Partial<EventInput> = {}): EventInput {
  return { event: { category: 'log', action: 'stdout' }, data: { line: text } satisfies JsonObject, ...more };
}

/** The event that ends a run. */
export function completed(result: unknown = null): EventInput {
  return { event: { category: 'lifecycle', action: 'completed' }, data: { result } };
}
