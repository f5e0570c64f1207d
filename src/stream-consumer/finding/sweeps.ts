import type { RedisConnections } from '../../redis/index.js';
import { BUCKETS, type Partition, tenantOf } from '../buckets.js';
import type { Holdings } from './holdings.js';
import { SCRIPTS } from '../scripts.js';
import type { StreamConsumer } from '../stream-consumer.js';
import type { Visits } from './visits.js';
import { type BucketTouches, NOTED_MS, type TouchedBuckets } from '../signals/touched-buckets.js';
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
  /** When it was asked last whether a bucket was touched, in ms of that server's clock. */
  private readonly checked = new Map<number, number>();
  /** When it was written down up to when this process has looked, by bucket; only while nothing is touched there. */
  private readonly quiet = new Map<number, number>();
  /** Buckets in which touches may be forgotten that nobody looked at: until they are walked through, and `known()`. */
  readonly unknown = new Set<number>();
  private sweeping: Promise<void> | undefined;

  constructor(
    private readonly consumer: StreamConsumer,
    private readonly team: string,
    private readonly deps: { redis: RedisConnections; touchedBuckets: TouchedBuckets },
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
    // Begun in the same turn of the event loop by all consumers. Where nothing can be told, each bucket is looked at.
    const asked = this.deps.touchedBuckets.read().catch(() => undefined);
    // What the last sweep found and nobody has visited yet must not be lost with this process.
    for (const partition of [...this.visits.unheld()]) await this.holdings.hold(partition);
    const touches = await asked;
    await Promise.all(
      BUCKETS.map(async (bucket) => {
        if (isHome(bucket)) {
          const isQuiet = touches && this.isQuiet(bucket, touches);
          if (touches) this.checked.set(bucket, touches.now);
          return isQuiet || this.sweepOne(bucket);
        }
        this.began.delete(bucket);
        this.checked.delete(bucket);
        this.quiet.delete(bucket);
        this.unknown.delete(bucket);
      }),
    );
  }

  /**
   * Whether nothing can have come since the check before that a sweep would find. A bucket is said to be touched once for
   * all of it that is touched within TOUCH_EVERY_MS.
   */
  private isQuiet(bucket: number, { now, notedAt }: BucketTouches): boolean {
    const [checked, recordedAt] = [this.checked.get(bucket), this.quiet.get(bucket)];
    if (checked === undefined || recordedAt === undefined) return false;
    if (performance.now() - recordedAt > RECORD_MS) return false;
    const since = checked - MARGIN_MS - COVERED_MS;
    const noted = notedAt(this.consumer.topic, bucket);
    return since > now - NOTED_MS && (noted === undefined || noted < since);
  }

  private async sweepOne(bucket: number): Promise<void> {
    // Until it is walked through, another process would have to begin that again.
    const looked = this.unknown.has(bucket) ? undefined : this.began.get(bucket);
    let skip = 0;
    for (;;) {
      const [now, lost, ...touched] = (await SCRIPTS.sweep.ask(
        this.deps.redis,
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
