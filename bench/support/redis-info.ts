import type { Redis } from 'ioredis';

/** Processor time of Redis's main thread so far, in seconds. */
export async function redisCpuSeconds(redis: Redis): Promise<number> {
  const info = await redis.info('cpu');
  return number(info, 'used_cpu_user_main_thread') + number(info, 'used_cpu_sys_main_thread');
}

/** Commands so far, those in scripts too. */
export async function commandsSoFar(redis: Redis): Promise<number> {
  return number(await redis.info('stats'), 'total_commands_processed');
}

export interface CommandTime {
  calls: number;
  us: number;
}

/** What Redis's main thread spent inside a command so far; a script's time holds that of the commands it calls. */
export async function commandTime(redis: Redis, command: string): Promise<CommandTime> {
  const info = await redis.info('commandstats');
  const found = new RegExp(`^cmdstat_${command}:calls=(\\d+),usec=(\\d+)`, 'm').exec(info);
  return { calls: Number(found?.[1] ?? 0), us: Number(found?.[2] ?? 0) };
}

/** What Redis's data takes, in bytes, without what clients are being sent. */
export async function redisDataBytes(redis: Redis): Promise<number> {
  return number(await redis.info('memory'), 'used_memory_dataset');
}

/**
 * What Redis holds for what is kept: data, its index of keys and subscriptions, without what its clients are being sent
 * and what waits for the append-only file.
 */
export async function redisKeptBytes(redis: Redis): Promise<number> {
  const info = await redis.info('memory');
  return usedBytes(info) - number(info, 'mem_clients_normal');
}

/** The same with its clients, to which subscriptions belong. */
export async function redisUsedBytes(redis: Redis): Promise<number> {
  return usedBytes(await redis.info('memory'));
}

const usedBytes = (info: string): number => number(info, 'used_memory') - number(info, 'mem_aof_buffer');

function number(info: string, name: string): number {
  const value = new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1];
  if (value === undefined) throw new Error(`Redis does not tell ${name}.`);
  return Number(value);
}
