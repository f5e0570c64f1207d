import type { EventStore } from '../../event-store/index.js';
import { redisCall, type RedisConnections } from '../../redis/index.js';
import { numberOf, type Partition, tenantOf } from '../../stream-consumer/index.js';

/**
 * A group that an operator has paused is paused in a partition that is new to it, too. It goes on in the first partition
 * first (GroupControl), so that a look afterwards shows whether it did in between.
 */
export async function followPause(
  { commands }: RedisConnections,
  store: EventStore,
  group: string,
  partition: Partition,
): Promise<void> {
  const tenantId = tenantOf(partition);
  const first = store.keys.group(tenantId, 0, group).meta;
  const its = store.keys.group(tenantId, numberOf(partition), group).meta;
  const isPaused = async (): Promise<boolean> => (await redisCall(commands.hget(first, 'paused'))) === '1';
  if (!(await isPaused())) return;
  await redisCall(commands.hset(its, 'paused', '1'));
  if (!(await isPaused())) await redisCall(commands.hdel(its, 'paused'));
}
