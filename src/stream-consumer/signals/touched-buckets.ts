import { Injectable } from '@nestjs/common';
import { RedisConnections } from '../../redis/index.js';
import { SCRIPTS } from '../scripts.js';
import { WORK_KEYS } from '../work-keys.js';

/** What one look at all buckets told. */
export interface BucketTouches {
  /** Of the server that was asked, in ms. */
  now: number;
  /** When something of a topic was last said to be touched in a bucket; undefined when not within NOTED_MS. */
  readonly notedAt: (topic: string, bucket: number) => number | undefined;
}

/** So far back a look tells of every bucket in which something was touched. */
export const NOTED_MS = 30_000;

/**
 * In which buckets something was touched lately, for all topics in one place: where nothing happens, one small command
 * tells every consumer of a process that no bucket need be looked at. Who touches something says so here as well, once
 * in TOUCH_EVERY_MS for each bucket (WorkSignals).
 */
@Injectable()
export class TouchedBuckets {
  private reading: Promise<BucketTouches> | undefined;

  constructor(private readonly redis: RedisConnections) {}

  /** Those that ask at the same time are told the same. @throws RedisUnavailableError */
  read(): Promise<BucketTouches> {
    this.reading ??= this.readNow().finally(() => (this.reading = undefined));
    return this.reading;
  }

  private async readNow(): Promise<BucketTouches> {
    const [now, ...noted] = (await SCRIPTS.notedBuckets.run(
      this.redis.commands,
      [WORK_KEYS.touchedBuckets],
      [NOTED_MS],
    )) as [number, ...string[]];
    const times = new Map<string, number>();
    for (let i = 0; i + 1 < noted.length; i += 2) times.set(noted[i] ?? '', Number(noted[i + 1]));
    return { now, notedAt: (topic, bucket) => times.get(bucketName(topic, bucket)) };
  }
}

/** What a bucket in which something of a topic was touched is called there. */
export function bucketName(topic: string, bucket: number): string {
  return `${topic} ${bucket}`;
}
