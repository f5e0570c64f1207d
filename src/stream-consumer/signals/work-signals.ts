import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { delay, pause } from '../../common/index.js';
import { RedisConnections } from '../../redis/index.js';
import { bucketOf, type Partition } from '../buckets.js';
import { SCRIPTS } from '../scripts.js';
import { bucketName, NOTED_MS } from './touched-buckets.js';
import { UPKEEP_TASKS, WORK_KEYS } from '../work-keys.js';

/** Streams in which something became visible. */
export interface Work {
  /** What kind of streams: those who consume it look there. */
  topic: string;
  partition: Partition;
  /** The one consumer for which it is, if it is not for all. */
  consumer?: string;
}

/** Once in so much time a partition is touched. A consumer looks back further than that: see WorkFinder. */
export const TOUCH_EVERY_MS = 2000;
/** What waits for a touch waits no longer: it goes on, and the touch is made up for. */
const TOUCH_WITHIN_MS = 50;
/** A bucket's signals are gathered for so long. */
const GATHER_MS = 2;
const OWED_MS = 500;

/**
 * Tells consumers that there is something for them. A signal, over pub/sub, tells at once, and may be lost. A touch, in
 * Redis, is found by whoever looks a little later.
 */
@Injectable()
export class WorkSignals implements OnApplicationShutdown {
  /** Partitions and buckets, each of a topic. */
  private touched = new Set<string>();
  private touchedSince = Number.NEGATIVE_INFINITY;
  private readonly owed = new Map<string, Work>();
  private owing: Promise<void> | undefined;
  private gathered = new Map<number, Set<string>>();
  private gathering = false;
  private lastFlush = Number.NEGATIVE_INFINITY;
  private readonly stopping = new AbortController();

  constructor(private readonly redis: RedisConnections) {}

  /**
   * Makes something visible: everything that does goes through here. It is touched before, and signalled afterwards, also
   * when the call failed: what is not answered may have happened.
   */
  async around<T>(works: readonly Work[], call: () => Promise<T>): Promise<T> {
    const touching = this.touchAll(works);
    if (touching) await touching;
    try {
      return await call();
    } finally {
      for (const work of works) this.signal(work);
    }
  }

  /** For what is no work in a stream: a consumer's members talk to each other. */
  tell(bucket: number, message: string): void {
    let messages = this.gathered.get(bucket);
    if (!messages) this.gathered.set(bucket, (messages = new Set()));
    messages.add(message);
    if (this.gathering) return;
    this.gathering = true;
    const waited = performance.now() - this.lastFlush;
    if (waited >= GATHER_MS)
      setImmediate(() => {
        this.flush();
      });
    else
      setTimeout(() => {
        this.flush();
      }, GATHER_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    this.flush();
    await this.owing;
  }

  private signal({ topic, partition, consumer }: Work): void {
    this.tell(
      bucketOf(partition),
      consumer === undefined ? `${topic} ${partition}` : `${topic} ${partition} ${consumer}`,
    );
  }

  private flush(): void {
    this.gathering = false;
    this.lastFlush = performance.now();
    const { gathered } = this;
    this.gathered = new Map();
    for (const [bucket, messages] of gathered) {
      this.redis.commands
        .spublish(this.redis.channel(WORK_KEYS.channel(bucket)), [...messages].join('\n'))
        .catch(() => undefined);
    }
  }

  /** Undefined, so that the usual way costs nothing, when all of them are touched. */
  private touchAll(works: readonly Work[]): Promise<unknown> | undefined {
    const now = performance.now();
    if (now - this.touchedSince >= TOUCH_EVERY_MS) {
      this.touchedSince = now;
      this.touched = new Set();
    }
    let touching: Promise<void>[] | undefined;
    for (const work of works) {
      const key = keyOf(work);
      if (this.touched.has(key)) continue;
      this.touched.add(key);
      const bucket = bucketName(work.topic, bucketOf(work.partition));
      const isFirst = !this.touched.has(bucket);
      this.touched.add(bucket);
      (touching ??= []).push(this.touch(work, key, isFirst));
    }
    if (!touching) return undefined;
    const enough = new AbortController();
    return Promise.race([
      Promise.all(touching).finally(() => {
        enough.abort();
      }),
      pause(TOUCH_WITHIN_MS, enough.signal),
    ]);
  }

  /** Never rejects. */
  private async touch(work: Work, key: string, isFirstOfBucket: boolean): Promise<void> {
    try {
      await this.writeTouch(work, isFirstOfBucket);
    } catch {
      this.owed.set(key, work);
      this.owing ??= this.makeUp().finally(() => (this.owing = undefined));
    }
  }

  /** What could not be touched is touched, and signalled, when Redis is there again. */
  private async makeUp(): Promise<void> {
    while (this.owed.size > 0 && !this.stopping.signal.aborted) {
      await delay(OWED_MS, { signal: this.stopping.signal, ref: false }).catch(() => undefined);
      try {
        for (const [key, work] of this.owed) {
          await this.writeTouch(work, true);
          this.owed.delete(key);
          this.signal(work);
        }
      } catch {
        // It is away still.
      }
    }
  }

  /** The two lie in different slots. */
  private async writeTouch({ topic, partition }: Work, isFirstOfBucket: boolean): Promise<void> {
    const bucket = bucketOf(partition);
    const { commands } = this.redis;
    const upkeep = UPKEEP_TASKS.map((task) => WORK_KEYS.upkeep(task, bucket));
    await Promise.all([
      SCRIPTS.touch.run(commands, [WORK_KEYS.touched(topic, bucket), ...upkeep], [partition]),
      isFirstOfBucket &&
        SCRIPTS.noteBucket.run(
          commands,
          [WORK_KEYS.touchedBuckets],
          [bucketName(topic, bucket), 2 * NOTED_MS],
        ),
    ]);
  }
}

function keyOf({ topic, partition }: Work): string {
  return `${topic} ${partition}`;
}
