import { readdir } from 'node:fs/promises';
import type { RedisClient } from '../../../src/redis/index.js';
import { ask } from './ask.js';
import { type Instance, residentMiB } from './instance.js';

/** What a service process has at one moment. */
export interface Sample {
  /** In seconds since the beginning. */
  at: number;
  instance: string;
  rssMiB: number;
  heapMiB: number;
  /** File descriptors. */
  handles: number;
  timers: number;
  openStreams: number;
  loopP99Ms: number;
  /** Of all instances: connections to Redis, and channels subscribed there. */
  redisClients: number;
  channels: number;
}

/** Looks at a process from outside; undefined while it is away. */
export async function takeSample(
  instance: Instance,
  redis: RedisClient,
  at: number,
): Promise<Sample | undefined> {
  const { pid } = instance;
  if (pid === undefined) return undefined;
  const [rssMiB, handles, metrics] = await Promise.all([
    residentMiB(pid),
    readdir(`/proc/${pid}/fd`).then(
      (names) => names.length,
      () => undefined,
    ),
    ask(`${instance.url}/metrics`, { timeoutMs: 3000, isText: true }),
  ]);
  if (rssMiB === undefined || handles === undefined || metrics.status !== 200) return undefined;
  const value = metricsOf(String(metrics.body['text']));
  const clients = String(await redis.call('CLIENT', 'LIST', 'TYPE', 'NORMAL')).trim();
  const subscribers = String(await redis.call('CLIENT', 'LIST', 'TYPE', 'PUBSUB')).trim();
  const channels = (await redis.call('PUBSUB', 'SHARDCHANNELS')) as string[];
  return {
    at: Math.round(at),
    instance: instance.config.name,
    rssMiB: Math.round(rssMiB),
    heapMiB: Math.round(value('nodejs_heap_size_used_bytes') / 1024 / 1024),
    handles,
    timers: value('nodejs_active_resources{type="Timeout"}'),
    openStreams: value('runstream_open_streams'),
    loopP99Ms: Math.round(value('nodejs_eventloop_lag_p99_seconds') * 1000),
    // One of them is the kit's own.
    redisClients: [clients, subscribers].flatMap((list) => (list === '' ? [] : list.split('\n'))).length - 1,
    channels: channels.length,
  };
}

function metricsOf(text: string): (name: string) => number {
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    const space = line.lastIndexOf(' ');
    if (!line.startsWith('#') && space > 0) values.set(line.slice(0, space), Number(line.slice(space + 1)));
  }
  return (name) => values.get(name) ?? NaN;
}
