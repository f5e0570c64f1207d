import { NestFactory } from '@nestjs/core';
import { Module } from '@nestjs/common';
import { EventStore, EventStoreModule, RunStore } from '../../src/event-store/index.js';
import type { EventInput } from '../../src/events/index.js';
import { RedisModule } from '../../src/redis/index.js';

/** The tenant of a service with multi-tenancy off. */
const TENANT = 'default';
/** One of so many runs is external and ended; all others wait for an executor that nobody has. */
export const ONE_ENDED_OF = 10;
export const ABSENT = 'absent';
export const TEAMS = 20;
/** The oldest run alone has it. */
export const RARE_LABEL = 'customer:one';
const AT_ONCE = 64;

@Module({})
class Filling {}

/** Makes runs in the store itself, without HTTP: with a key, three labels or four, and an executor. */
export async function fill(redisUrl: string, count: number, say: (line: string) => void): Promise<void> {
  const app = await NestFactory.createApplicationContext(
    { module: Filling, imports: [RedisModule.forRoot({ url: redisUrl }), EventStoreModule.forRoot({})] },
    { logger: ['error'] },
  );
  const [runs, store] = [app.get(RunStore), app.get(EventStore)];
  let next = 0;
  const makeSome = async (): Promise<void> => {
    while (next < count) {
      const n = next++;
      const isEnded = n % ONE_ENDED_OF === 0;
      const { run } = await runs.create(TENANT, {
        task: `the task of run ${n}`,
        executor: isEnded ? null : ABSENT,
        key: `chat ${n % 10_000}`,
        labels: {
          environment: n % 2 === 0 ? 'production' : 'staging',
          team: String(Math.floor(n / ONE_ENDED_OF) % TEAMS),
          release: String(n % 1000),
          ...(n === 0 && { customer: 'one' }),
        },
      });
      if (isEnded) await store.append(TENANT, run.id, [endOf(n / ONE_ENDED_OF)]);
      if (n > 0 && n % 100_000 === 0) say(`${n} runs…`);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, makeSome));
  } finally {
    await app.close();
  }
}

/** Of a hundred that end 79 complete, 20 fail and one is cancelled. */
function endOf(n: number): EventInput {
  const action = n % 100 === 0 ? 'cancelled' : n % 5 === 0 ? 'failed' : 'completed';
  return { event: { category: 'lifecycle', action }, data: {} };
}
