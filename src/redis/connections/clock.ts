import { RedisScript } from '../redis-script.js';
import type { RedisClient } from './redis-client.js';

const CLOCK = new RedisScript(new URL('../scripts/clock.lua', import.meta.url));

/** The clock of the server that has a key, in milliseconds: the clocks of servers differ. @throws RedisUnavailableError */
export async function readClock(redis: RedisClient, key: string): Promise<number> {
  return (await CLOCK.run(redis, [key], [])) as number;
}
