import type { Redis } from 'ioredis';
import type { Row } from '../bench.js';
import { median, round } from '../support/latencies.js';
import { redisCpuSeconds } from '../support/redis-info.js';
import { pairedRatio, spread } from '../support/rounds.js';
import type { Server } from '../support/server.js';

export interface Sample {
  perSecond: number;
  /** Processor time of the server per event or request, in microseconds. */
  serverUs: number;
  redisUs: number;
}

export type Rounds<One extends Sample = Sample> = Record<string, One>[];

/** Does the work, and says what it cost the server and Redis. */
export async function timed(
  server: Server,
  redis: Redis,
  work: () => Promise<{ count: number; seconds: number }>,
): Promise<Sample> {
  const before = [await server.cpuSeconds(), await redisCpuSeconds(redis)] as const;
  const { count, seconds } = await work();
  const after = [await server.cpuSeconds(), await redisCpuSeconds(redis)] as const;
  return {
    perSecond: count / seconds,
    serverUs: (((after[0] ?? NaN) - (before[0] ?? NaN)) / count) * 1e6,
    redisUs: ((after[1] - before[1]) / count) * 1e6,
  };
}

export interface RowOptions {
  /** Leave out what the server costs: it is no server of ours that does the work. */
  withoutServer?: boolean;
  /** Leave out what Redis costs: it is not asked. */
  withoutRedis?: boolean;
}

export function row<One extends Sample>(
  way: string,
  base: string,
  samples: Rounds<One>,
  options: RowOptions = {},
): Row {
  const of = (what: (sample: One) => number): number => round(median(samples.map((one) => what(one[way]!))));
  return {
    way,
    rounds: samples.length,
    ...spread(
      samples.map((one) => one[way]!.perSecond),
      'per second',
    ),
    against: way === base ? '' : base,
    ratio: way === base ? '' : pairedRatio(samples, (sample) => sample.perSecond, way, base),
    'server CPU µs each': options.withoutServer ? '' : of((sample) => sample.serverUs),
    'Redis CPU µs each': options.withoutRedis ? '' : of((sample) => sample.redisUs),
  };
}
