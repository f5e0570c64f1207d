import type { Redis } from 'ioredis';

/** Processor time of Redis's main thread so far, in seconds. */
export async function redisCpuSeconds(redis: Redis): Promise<number> {
  const info = await redis.info('cpu');
  return number(info, 'used_cpu_user_main_thread') + number(info, 'used_cpu_sys_main_thread');
}

/** What Redis's data takes, in bytes, without what clients are being sent. */
export async function redisDataBytes(redis: Redis): Promise<number> {
  return number(await redis.info('memory'), 'used_memory_dataset');
}

function number(info: string, name: string): number {
  const value = new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1];
  if (value === undefined) throw new Error(`Redis does not tell ${name}.`);
  return Number(value);
}
