import { RedisConnections } from '../../src/redis/index.js';
import {
  Announcements,
  type Partition,
  restOf,
  type StreamConsumer,
  TouchedBuckets,
  type Visited,
  type VisitTerms,
  type WorkFinder,
  WorkFinders,
  WorkListener,
  WorkSignals,
} from '../../src/stream-consumer/index.js';

/** Of a partition, for this test. */
export const streamOf = (partition: Partition): string => `finding:{${partition}}`;

/** What a member of a consumer tells the test: which entries it was given, by the partition's own count. */
export type Seen = (group: string, partition: Partition, number: number) => void;

/** One process of a consumer that takes entries, and acknowledges them a moment later. */
export class Member implements StreamConsumer {
  readonly topic = 'finding';
  readonly leaseMs = 1500;
  readonly concurrency = 50;
  readonly batchSize = 20;
  private readonly finder: WorkFinder;
  private readonly held = new Map<Partition, number>();
  private isDead = false;

  private constructor(
    readonly name: string,
    private readonly id: string,
    private readonly redis: RedisConnections,
    tenants: string,
    private readonly seen: Seen,
  ) {
    const finders = new WorkFinders(
      redis,
      new WorkSignals(redis),
      new WorkListener(redis),
      new Announcements(redis),
      new TouchedBuckets(redis),
    );
    this.finder = finders.create(this, {
      member: id,
      tenantsKey: tenants,
      named: undefined,
      onError: () => undefined,
    });
  }

  static async start(url: string, name: string, id: string, tenants: string, seen: Seen): Promise<Member> {
    const redis = new RedisConnections({ url });
    await redis.start();
    const member = new Member(name, id, redis, tenants, seen);
    member.finder.start();
    return member;
  }

  get room(): number {
    let size = 0;
    for (const count of this.held.values()) size += count;
    return this.concurrency - size;
  }

  get counts(): WorkFinder['counts'] {
    return this.finder.counts;
  }

  serves(): boolean {
    return true;
  }

  owns(): boolean {
    return false;
  }

  inHand(partition: Partition): number {
    return this.held.get(partition) ?? 0;
  }

  /** Without a group it cannot be. */
  async isAtRest(partition: Partition): Promise<boolean> {
    return (await restOf(this.redis, streamOf(partition), this.name)) === 'at rest';
  }

  async visit(partition: Partition, { places, scope }: VisitTerms): Promise<Visited> {
    const stream = streamOf(partition);
    const { commands } = this.redis;
    const groups = await commands.xgroup('CREATE', stream, this.name, '0', 'MKSTREAM').catch(() => undefined);
    const reply = await commands.xreadgroup(
      'GROUP',
      this.name,
      this.id,
      'COUNT',
      places,
      'STREAMS',
      stream,
      '>',
    );
    const rows = ((reply as [string, [string, string[]][]][] | null)?.[0]?.[1] ?? []).slice();
    let pending = 0;
    let staleInMs: number | undefined;
    if (scope === 'look' && groups === undefined) {
      const claimed = (await commands.xautoclaim(
        stream,
        this.name,
        this.id,
        this.leaseMs,
        '0',
        'COUNT',
        places,
      )) as [string, [string, string[]][]];
      rows.push(...claimed[1]);
      const left = (await commands.xpending(stream, this.name, '-', '+', 100)) as [string, string, number][];
      pending = left.length;
      for (const [, who, idle] of left)
        if (who !== this.id) staleInMs = Math.min(staleInMs ?? Infinity, Math.max(1, this.leaseMs - idle));
    }
    if (this.isDead) return { taken: 0 };
    for (const [id, fields] of rows) this.take(partition, id, Number(fields[1]));
    return {
      taken: rows.length,
      more: rows.length >= places ? scope : undefined,
      againInMs: staleInMs,
      isIdle: pending === 0,
    };
  }

  /** As `kill -9` does it: nothing more reaches Redis, and nobody is told. */
  kill(): void {
    this.isDead = true;
    this.redis.disconnect();
    void this.finder.stop();
  }

  async stop(): Promise<void> {
    await this.finder.stop();
    this.redis.disconnect();
  }

  private take(partition: Partition, id: string, number: number): void {
    this.seen(this.name, partition, number);
    this.held.set(partition, this.inHand(partition) + 1);
    setTimeout(() => {
      this.held.set(partition, this.inHand(partition) - 1);
      if (this.inHand(partition) === 0) this.held.delete(partition);
      if (this.isDead) return;
      this.redis.commands.xack(streamOf(partition), this.name, id).catch(() => undefined);
      this.finder.pump();
    }, 5);
  }
}
