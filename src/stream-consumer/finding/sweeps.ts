import { redisCall, type RedisConnections } from '../../redis/index.js';
import { BUCKETS, type Partition, tenantOf } from '../buckets.js';
import type { Holdings } from './holdings.js';
import { SCRIPTS } from '../scripts.js';
import type { StreamConsumer } from '../stream-consumer.js';
import type { Visits } from './visits.js';
import { TOUCH_EVERY_MS } from '../signals/work-signals.js';
import { WORK_KEYS } from '../work-keys.js';

/** How long a command may be on its way: what is touched before it is sent may come so much later. */
const COMMAND_MS = 2000;
/** What belongs to a touch has come when it is so old. */
export const COVERED_MS = TOUCH_EVERY_MS + COMMAND_MS + 500;
/** What was visited within this time needs no visit to see whether a signal was lost. */
const RECENT_MS = 1500;
/** How far a sweep looks back behind the one before: no touch may fall out of sight that is not covered. */
export const MARGIN_MS = COVERED_MS + RECENT_MS + 1500;
/** Touches are kept for so long. Who has not looked for longer walks through all tenants. */
export const KEPT_MS = 3_600_000;
/** Up to when it has looked is written down this often where nothing is touched: well before touches are forgotten. */
const RECORD_MS = 600_000;
const PAGE = 1000;

/** Finds what was touched lately: what signals should have told, and may not have. */
export class Sweeps {
  static readonly EVERY_MS = 1000;
  /** When the sweep before began, in ms of Redis's clock, by bucket; only while this process is home to it. */
  private readonly began = new Map<number, number>();
  /** When it was written down up to when this process has looked, by bucket; only while nothing is touched there. */
  private readonly quiet = new Map<number, number>();
  /** Buckets in which touches may be forgotten that nobody looked at: until they are walked through, and `known()`. */
  readonly unknown = new Set<number>();
  private sweeping: Promise<void> | undefined;

  constructor(
    private readonly consumer: StreamConsumer,
    private readonly team: string,
    private readonly redis: RedisConnections,
    private readonly holdings: Holdings,
    private readonly visits: Visits,
  ) {}

  /** Visits what was touched in the buckets of which this process is home. */
  sweep(isHome: (bucket: number) => boolean): Promise<void> {
    this.sweeping ??= this.sweepAll(isHome).finally(() => (this.sweeping = undefined));
    return this.sweeping;
  }

  /** They were walked through: from here on touches tell. */
  known(buckets: ReadonlySet<number>): void {
    for (const bucket of buckets) this.unknown.delete(bucket);
  }

  private async sweepAll(isHome: (bucket: number) => boolean): Promise<void> {
    // What the last sweep found and nobody has visited yet must not be lost with this process.
    for (const partition of [...this.visits.unheld()]) await this.holdings.hold(partition);
    const clock = this.redis.clocks();
    await Promise.all(
      BUCKETS.map(async (bucket) => {
        if (isHome(bucket)) return (await this.isQuiet(bucket, clock)) || this.sweepOne(bucket);
        this.began.delete(bucket);
        this.quiet.delete(bucket);
        this.unknown.delete(bucket);
      }),
    );
  }

  /** Mostly nothing was touched, which one small command tells; whoever comes after looks back further, and as far. */
  private async isQuiet(bucket: number, clock: (key: string) => Promise<number>): Promise<boolean> {
    const [looked, recordedAt] = [this.began.get(bucket), this.quiet.get(bucket)];
    if (looked === undefined || recordedAt === undefined) return false;
    if (performance.now() - recordedAt > RECORD_MS) return false;
    const key = WORK_KEYS.touched(this.consumer.topic, bucket);
    const now = await clock(key);
    const touched = await redisCall(
      this.redis.commands.zrangebyscore(key, looked - MARGIN_MS, '+inf', 'LIMIT', 0, 1),
    );
    if (touched.length > 0) return false;
    this.began.set(bucket, now);
    return true;
  }

  private async sweepOne(bucket: number): Promise<void> {
    // Until it is walked through, another process would have to begin that again.
    const looked = this.unknown.has(bucket) ? undefined : this.began.get(bucket);
    let skip = 0;
    for (;;) {
      const [now, lost, ...touched] = (await SCRIPTS.sweep.run(
        this.redis.commands,
        [WORK_KEYS.touched(this.consumer.topic, bucket), WORK_KEYS.swept(bucket)],
        [this.team, MARGIN_MS, KEPT_MS, skip === 0 ? (looked ?? '') : '', PAGE, skip],
      )) as [number, string, ...Partition[]];
      if (skip === 0) {
        this.began.set(bucket, now);
        if (lost === '1') this.unknown.add(bucket);
        if (touched.length > 0 || looked === undefined) this.quiet.delete(bucket);
        else this.quiet.set(bucket, performance.now());
      }
      const due: Partition[] = [];
      for (let i = 0; i < touched.length; i += 2) {
        const partition = touched[i] as Partition;
        if (
          this.consumer.serves(tenantOf(partition)) &&
          this.mustVisit(partition, now - Number(touched[i + 1]))
        )
          due.push(partition);
      }
      // Mostly a signal has told of it, and it is done.
      await this.visits.addUnlessAtRest(due, { scope: 'all', helping: false });
      if (touched.length < 2 * PAGE) return;
      skip += PAGE;
    }
  }

  private mustVisit(partition: Partition, touchedMsAgo: number): boolean {
    const visitedAt = this.visits.visitedAt(partition);
    if (visitedAt === undefined) return true;
    const visitedMsAgo = performance.now() - visitedAt;
    return visitedMsAgo > RECENT_MS && touchedMsAgo - visitedMsAgo < COVERED_MS;
  }
}
