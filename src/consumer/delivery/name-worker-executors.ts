import { type EventStore, isOfWorkers, ofWorkers } from '../../event-store/index.js';
import { redisCall, type RedisClient } from '../../redis/index.js';
import type { Effect } from './effects.js';

/**
 * Gives runs that are started to the tenant's workers, where these have said that they have the executor: a handler calls
 * it by its name, as clients do.
 *
 * @throws RedisUnavailableError
 */
export async function nameWorkerExecutors(
  redis: RedisClient,
  store: EventStore,
  tenantId: string,
  effects: readonly Effect[],
): Promise<void> {
  const starts = effects.flatMap((effect) =>
    effect.kind === 'start' && effect.executor !== undefined && !isOfWorkers(effect.executor) ? [effect] : [],
  );
  if (starts.length === 0) return;
  const key = store.keys.partition(tenantId, 0).workers('executors');
  const names = starts.map(({ executor }) => executor ?? '');
  const known = await redisCall(redis.hmget(key, ...names));
  for (const [i, effect] of starts.entries()) {
    if (known[i] == null) continue;
    effect.executor = ofWorkers(names[i] ?? '');
    effect.fields[0] = effect.executor;
  }
}
