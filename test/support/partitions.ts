import type { TestStore } from './event-store.js';
import { PARTITIONS_KEY } from '../../src/event-store/log/keys.js';
import { SCRIPTS } from '../../src/event-store/scripts.js';

/**
 * Gives the store's tenant so many partitions at once, which other processes hear of within a second: for tests of what
 * is done in them. How they come to be raised is a test of its own.
 */
export async function spreadOver(
  { redis, store, tenant }: Pick<TestStore, 'redis' | 'store' | 'tenant'>,
  count: number,
): Promise<void> {
  for (const step of ['read', 'write'])
    await SCRIPTS.raisePartitions.run(redis.commands, [PARTITIONS_KEY], [`t:${tenant}`, step, count]);
  await store.partitions.refresh();
}
