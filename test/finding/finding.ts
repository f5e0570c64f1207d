import { RedisConnections } from '../../src/redis/index.js';
import { type Partition, partitionOf, WorkSignals } from '../../src/stream-consumer/index.js';
import { eventually } from '../support/eventually.js';
import { SeededRandom } from '../support/seeded-random.js';
import { Member, streamOf } from './member.js';

export interface FindingOptions {
  url: string;
  seed: number;
  seconds: number;
  tenants: number;
  appendsPerSecond: number;
  /** Whether no signal ever arrives. */
  losesSignals: boolean;
}

export interface FindingReport {
  appended: number;
  /** Entries that some group was never given, or that nobody acknowledged. */
  lost: number;
  deaths: number;
  /** Longest time until an entry was given to a group, ms; of those with no death in their group since shortly before. */
  worstMs: number;
  /** The same for the others, from the death on. */
  worstAfterDeathMs: number;
  visits: number;
  empty: number;
}

const GROUPS = ['a', 'b', 'c'];
const MEMBERS = 3;
/** A death has its consequences for about so long. */
const AFTERMATH_MS = 6000;

/**
 * Appends to streams of many tenants while the members of three groups are killed, leave and come, whole groups are away for
 * a while, and answers and signals are lost; and measures when each entry was found.
 */
export async function runFinding(options: FindingOptions): Promise<FindingReport> {
  const run = new FindingRun(options);
  try {
    return await run.run();
  } finally {
    await run.close();
  }
}

class FindingRun {
  private readonly seeded: SeededRandom;
  private readonly tenantsKey: string;
  private readonly members = new Map<string, Member[]>(GROUPS.map((group) => [group, []]));
  private readonly appendedAt = new Map<Partition, number[]>();
  private readonly seen = new Map<string, Set<string>>(GROUPS.map((group) => [group, new Set()]));
  /** By group: deaths, and when it came back after all of it was away. */
  private readonly troubles = new Map<string, number[]>(GROUPS.map((group) => [group, []]));
  private readonly redis: RedisConnections;
  private readonly signals: WorkSignals;
  private readonly names: string[];
  private readonly report: FindingReport = {
    appended: 0,
    lost: 0,
    deaths: 0,
    worstMs: 0,
    worstAfterDeathMs: 0,
    visits: 0,
    empty: 0,
  };
  private started = 0;

  constructor(private readonly options: FindingOptions) {
    this.seeded = new SeededRandom(options.seed);
    this.tenantsKey = `finding:tenants:${options.seed}`;
    this.redis = new RedisConnections({ url: options.url });
    this.signals = new WorkSignals(this.redis);
    this.names = Array.from({ length: options.tenants }, (_, n) => `finding-${options.seed}-${n}`);
  }

  async run(): Promise<FindingReport> {
    await this.redis.start();
    if (this.options.losesSignals) this.redis.commands.spublish = () => Promise.resolve(0);
    await this.redis.commands.sadd(this.tenantsKey, ...this.names);
    for (const group of GROUPS) for (let n = 0; n < MEMBERS; n++) await this.join(group);
    const endsAt = performance.now() + this.options.seconds * 1000;
    const troubling = this.trouble(endsAt);
    await this.append(endsAt);
    await troubling;
    for (const group of GROUPS) if (this.membersOf(group).length === 0) await this.join(group);
    await eventually('everything is found', () =>
      GROUPS.every((group) => this.seen.get(group)?.size === this.report.appended),
    ).catch(() => undefined);
    for (const group of GROUPS) this.report.lost += this.report.appended - (this.seen.get(group)?.size ?? 0);
    await eventually('and acknowledged', async () => (await this.pending()) === 0).catch(() => undefined);
    this.report.lost += await this.pending();
    for (const member of [...this.members.values()].flat()) {
      this.report.visits += member.counts.visits;
      this.report.empty += member.counts.empty;
    }
    return this.report;
  }

  async close(): Promise<void> {
    await Promise.all([...this.members.values()].flat().map((member) => member.stop()));
    const keys = await this.redis.commands.keys(`*finding*`);
    if (keys.length > 0) await this.redis.commands.del(...keys);
    this.redis.disconnect();
  }

  private async append(endsAt: number): Promise<void> {
    const beganAt = performance.now();
    const appends = new Set<Promise<void>>();
    for (let sent = 0; performance.now() < endsAt;) {
      const due = ((performance.now() - beganAt) / 1000) * this.options.appendsPerSecond;
      for (; sent < due; sent++) {
        const one = this.appendOne().finally(() => appends.delete(one));
        appends.add(one);
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await Promise.all(appends);
  }

  private async appendOne(): Promise<void> {
    // A tenth of the tenants has most of the work.
    const most = this.seeded.next() < 0.7 ? this.names.length / 10 : this.names.length;
    const partition = partitionOf(this.names[Math.floor(this.seeded.next() * most)] ?? '');
    const times = this.appendedAt.get(partition) ?? [];
    this.appendedAt.set(partition, times);
    const number = times.push(Infinity) - 1;
    this.report.appended++;
    const isAnswerLost = this.seeded.next() < 0.02;
    await this.signals
      .around([{ topic: 'finding', partition }], async () => {
        await this.redis.commands.xadd(streamOf(partition), '*', 'n', number);
        times[number] = performance.now();
        if (isAnswerLost) throw new Error('The answer is lost.');
      })
      .catch(() => undefined);
  }

  private async trouble(endsAt: number): Promise<void> {
    while (performance.now() < endsAt) {
      await new Promise((resolve) => setTimeout(resolve, 500 + this.seeded.next() * 4000));
      const group = GROUPS[Math.floor(this.seeded.next() * GROUPS.length)] ?? '';
      const dice = this.seeded.next();
      if (dice < 0.5) {
        this.kill(group);
        await this.join(group);
      } else if (dice < 0.75) {
        const leaving = this.membersOf(group).shift();
        await this.join(group);
        await leaving?.stop();
      } else if (dice < 0.85) {
        while (this.membersOf(group).length > 0) this.kill(group);
        await new Promise((resolve) => setTimeout(resolve, 3000));
        for (let n = 0; n < MEMBERS; n++) await this.join(group);
        this.troubles.get(group)?.push(performance.now());
      } else await this.join(group);
    }
  }

  private kill(group: string): void {
    const victim = this.membersOf(group).shift();
    if (!victim) return;
    victim.kill();
    this.report.deaths++;
    this.troubles.get(group)?.push(performance.now());
  }

  private async join(group: string): Promise<void> {
    const id = `${group}-${++this.started}`;
    const member = await Member.start(this.options.url, group, id, this.tenantsKey, (...seen) => {
      this.see(...seen);
    });
    this.membersOf(group).push(member);
    if (this.membersOf(group).length > MEMBERS + 1) await this.membersOf(group).shift()?.stop();
  }

  private see(group: string, partition: Partition, number: number): void {
    const key = `${partition} ${number}`;
    const seen = this.seen.get(group);
    if (!seen || seen.has(key)) return;
    seen.add(key);
    const now = performance.now();
    const appendedAt = this.appendedAt.get(partition)?.[number] ?? now;
    const trouble = this.troubles.get(group)?.findLast((at) => at > appendedAt - AFTERMATH_MS);
    if (trouble === undefined) this.report.worstMs = Math.max(this.report.worstMs, now - appendedAt);
    else {
      const ms = now - Math.max(appendedAt, trouble);
      this.report.worstAfterDeathMs = Math.max(this.report.worstAfterDeathMs, ms);
    }
  }

  private async pending(): Promise<number> {
    let pending = 0;
    for (const name of this.names) {
      for (const group of GROUPS) {
        const stream = streamOf(partitionOf(name));
        pending += await this.redis.commands
          .xpending(stream, group)
          .then((reply) => Number(reply[0]))
          .catch(() => 0);
      }
    }
    return pending;
  }

  private membersOf(group: string): Member[] {
    return this.members.get(group) ?? [];
  }
}
