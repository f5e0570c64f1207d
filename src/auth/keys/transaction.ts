import type { ChainableCommander } from 'ioredis';
import { redisCall } from '../../redis/index.js';

/** Sends commands in one step. EXEC itself succeeds even when one of them was refused: then this throws that error. */
export async function inOneStep(commands: ChainableCommander): Promise<void> {
  const replies = await redisCall(commands.exec());
  const refused = replies?.find(([error]) => error !== null)?.[0];
  if (refused) throw refused;
}
