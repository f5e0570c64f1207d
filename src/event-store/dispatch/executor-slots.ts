import { Injectable } from '@nestjs/common';
import { redisCall, RedisConnections } from '../../redis/index.js';
import { executorSlotsKey } from '../log/keys.js';

/** Who says nothing more for so long is not counted. */
const TTL_MS = 15_000;

/** How many runs can be executed at once, and how many are. */
export interface Slots {
  total: number;
  taken: number;
}

/** What processes say of the room that they have for runs of an executor. */
@Injectable()
export class ExecutorSlots {
  constructor(private readonly redis: RedisConnections) {}

  /** It has to be said again within 15 seconds. @throws RedisUnavailableError */
  async tell(executor: string, process: string, { total, taken }: Slots): Promise<void> {
    const key = executorSlotsKey(executor, process);
    await redisCall(this.redis.commands.set(key, `${total} ${taken}`, 'PX', TTL_MS));
  }

  /** Of all these processes; undefined when one of them does not say. @throws RedisUnavailableError */
  async read(executor: string, processes: readonly string[]): Promise<Slots | undefined> {
    const sum: Slots = { total: 0, taken: 0 };
    if (processes.length === 0) return sum;
    const keys = processes.map((process) => executorSlotsKey(executor, process));
    for (const told of await redisCall(this.redis.commands.mget(keys))) {
      const [total, taken] = (told ?? '').split(' ').map(Number);
      if (total === undefined || taken === undefined) return undefined;
      sum.total += total;
      sum.taken += taken;
    }
    return sum;
  }
}
