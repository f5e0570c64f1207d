import { Redis } from 'ioredis';
import { createTestStore, line, type TestStore } from '../test/support/event-store.js';
import { eventually } from '../test/support/eventually.js';
import { startRedis } from '../test/support/redis.js';
import type { Bench, BenchOptions, Finding, Report, Row } from './bench.js';
import type { Consumed } from './many-tenants/protocol.js';
import { round } from './support/latencies.js';
import { LoadProcess } from './support/load-process.js';
import { commandsSoFar, redisCpuSeconds } from './support/redis-info.js';

const TENANTS = 10_000;
const ACTIVE = 100;
const FLOOD_EVENTS = 100_000;
const OTHERS = 50;
/** The first walk of three groups through all tenants takes a while, and each is looked at once more after 30 s. */
const REST_MS = 110_000;
/** Both kinds of upkeep have several rounds in it. */
const IDLE_MS = 60_000;

export const manyTenants: Bench = {
  name: 'many-tenants',
  measures:
    `what ${TENANTS} tenants cost the whole application, and one process with three groups, while nothing happens, how soon an event reaches its ` +
    'handlers when a hundred of them are active, also beside one that floods, and how processes share a backlog.',
  run: async (options) => {
    const redis = await startRedis();
    const store = await createTestStore({ url: redis.url });
    try {
      return await new ManyTenants(options, redis.url, store).run();
    } finally {
      await store.close();
      await redis.stop();
    }
  },
};

class ManyTenants {
  private readonly rows: Row[] = [];
  private readonly findings: Finding[] = [];
  private readonly redis: Redis;
  /** The run of each tenant. */
  private readonly runs = new Map<string, string>();

  constructor(
    private readonly options: BenchOptions,
    private readonly url: string,
    private readonly store: TestStore,
  ) {
    this.redis = new Redis(url);
  }

  async run(): Promise<Report> {
    const { say, seconds } = this.options;
    try {
      say(`making ${TENANTS} tenants…`);
      await this.createTenants(Array.from({ length: TENANTS }, (_, n) => `t${n}`));
      await this.measureApplication();
      const consumer = await this.start('a,b,c');
      await consumer.ask(null);
      say('waiting until all of it rests…');
      await rest(REST_MS);
      await this.measureIdle(consumer);
      const all = [...this.runs.keys()];
      await this.measureActive(consumer, all.slice(0, ACTIVE), 5 * ACTIVE, seconds, {
        measured: `${ACTIVE} of ${TENANTS} tenants active: append to handler`,
        bar: 50,
        aim: 15,
      });
      const calm = await this.measureActive(consumer, all.slice(100, 100 + OTHERS), OTHERS, seconds);
      await this.measureFlood(consumer, all, calm, seconds);
      say('each tenant one event in ten seconds…');
      await this.measureSpread(consumer, all, seconds);
      await this.measureRetries(consumer, all[0] ?? '');
      await consumer.stop();
      await this.measureShares();
      await this.measureEight(all.slice(200, 200 + ACTIVE), seconds);
      await this.measureCrash(all[400] ?? '');
      await this.measureMemory(all[401] ?? '');
      return { rows: this.rows, findings: this.findings };
    } finally {
      this.redis.disconnect();
    }
  }

  private async measureApplication(): Promise<void> {
    const file = new URL('./many-tenants/application.ts', import.meta.url);
    const application = await LoadProcess.start<null, number>(file, [this.url], this.options.profileDir);
    this.options.say('the whole application, waiting until all of it rests…');
    await rest(REST_MS);
    await application.ask(null);
    const [calls, redis] = [await commandsSoFar(this.redis), await this.startRedisMeter()];
    await rest(IDLE_MS);
    const [percent, redisPercent] = [await application.ask(null), await redis()];
    const perSecond = ((await commandsSoFar(this.redis)) - calls) / (IDLE_MS / 1000);
    await application.stop();
    this.rows.push({
      what: 'the whole application, idle',
      'process %': round(percent),
      'Redis %': round(redisPercent),
      'commands/s': round(perSecond),
    });
    this.find('whole application idle: process, % of a core', percent, 2, 0.5);
    this.find('whole application idle: Redis, % of a core', redisPercent, 1, 0.5);
  }

  private async measureIdle(consumer: Consumer): Promise<void> {
    const { consumed, redisPercent } = await this.during(consumer, () => rest(10_000));
    this.add('idle', consumed, redisPercent);
    this.find('idle: process, % of a core', consumed.cpuPercent, 2, 0.5);
    this.find('idle: Redis, % of a core', redisPercent, 1, 0.5);
  }

  private async measureActive(
    consumer: Consumer,
    tenants: readonly string[],
    rate: number,
    seconds: number,
    finding?: { measured: string; bar: number; aim: number },
  ): Promise<number> {
    this.options.say(`${tenants.length} tenants, ${rate} events/s…`);
    const { consumed, redisPercent } = await this.during(consumer, () => this.load(tenants, rate, seconds));
    this.add(`${tenants.length} active, ${rate}/s`, consumed, redisPercent);
    const p99 = consumed.latencies?.['p99 ms'] ?? NaN;
    if (finding) {
      this.find(`${finding.measured}, p50 ms`, consumed.latencies?.['p50 ms'] ?? NaN, 10, 4);
      this.find(`${finding.measured}, p99 ms`, p99, finding.bar, finding.aim);
    }
    return p99;
  }

  private async measureFlood(
    consumer: Consumer,
    all: readonly string[],
    calmP99: number,
    seconds: number,
  ): Promise<void> {
    this.options.say('one tenant floods…');
    const { consumed, redisPercent } = await this.during(consumer, async () => {
      await Promise.all([this.flood(all[0] ?? ''), this.load(all.slice(100, 100 + OTHERS), OTHERS, seconds)]);
    });
    this.add(`${OTHERS} calm beside one of ${FLOOD_EVENTS}`, consumed, redisPercent);
    const p99 = consumed.latencies?.['p99 ms'] ?? NaN;
    this.find('p99 beside a flood, against calm', p99 / Math.max(calmP99, 1), 3, 2);
    await this.settled(all.slice(0, 1));
    await consumer.ask(null);
  }

  private async measureSpread(consumer: Consumer, all: readonly string[], seconds: number): Promise<void> {
    await this.load(all, TENANTS / 10, 12);
    const { consumed, redisPercent } = await this.during(consumer, () =>
      this.load(all, TENANTS / 10, seconds),
    );
    this.add('each one event in 10 s', consumed, redisPercent);
    this.find('each tenant one event in 10 s: Redis, % of a core', redisPercent, 25, 15);
  }

  private async measureRetries(consumer: Consumer, tenantId: string): Promise<void> {
    await rest(5000);
    await consumer.ask(null);
    const startedAt = performance.now();
    for (let n = 0; n < 20; n++) await this.append(tenantId, Array(100).fill({ failsOnce: true }));
    await this.settled([tenantId]);
    const seconds = (performance.now() - startedAt) / 1000;
    const { handled } = await consumer.ask(null);
    this.rows.push({ what: '2000 retries after 20 ms, 3 groups', handled, seconds: round(seconds) });
    this.find('2000 retries with 20 ms of backoff, s (three groups)', seconds, 1, 0.5);
  }

  private async measureShares(): Promise<void> {
    const tenants = Array.from({ length: 500 }, (_, n) => `s${n}`);
    this.options.say('500 tenants with 40 events each, two processes…');
    await this.createTenants(tenants);
    for (const tenantId of tenants) await this.append(tenantId, Array(40).fill({}));
    const consumers = await Promise.all([this.start('shared', 20), this.start('shared', 20)]);
    await this.settled(tenants, ['shared']);
    const handled = (await Promise.all(consumers.map((one) => one.ask(null)))).map((one) => one.handled);
    await Promise.all(consumers.map((one) => one.stop()));
    const total = handled.reduce((sum, n) => sum + n, 0);
    this.rows.push({ what: 'backlog of 500 tenants × 40, two processes', handled: handled.join(' : ') });
    this.findings.push({
      measured: 'backlog of 500 tenants, two processes: the smaller share, %',
      value: handled.join(' : '),
      compared: round((100 * Math.min(...handled)) / total),
      bar: 40,
      aim: 45,
    });
  }

  private async measureEight(tenants: readonly string[], seconds: number): Promise<void> {
    this.options.say('eight processes with three groups…');
    const consumers: Consumer[] = [];
    for (let n = 0; n < 8; n++) consumers.push(await this.start('a,b,c'));
    // Nobody ran these groups for a while: first all that was touched meanwhile is visited.
    await eventually('nothing is left to visit', async () => {
      await rest(3000);
      const found = await Promise.all(consumers.map((one) => one.ask(null)));
      return found.every((one) => one.visits === 0);
    });
    await this.load(tenants, 5 * ACTIVE, 2);
    await Promise.all(consumers.map((one) => one.ask(null)));
    await this.load(tenants, 5 * ACTIVE, seconds);
    const all = await Promise.all(consumers.map((one) => one.ask(null)));
    await Promise.all(consumers.map((one) => one.stop()));
    const handled = all.map((one) => one.handled);
    const visits = all.reduce((sum, one) => sum + one.visits, 0);
    const empty = all.reduce((sum, one) => sum + one.empty, 0);
    this.rows.push({ what: 'eight processes, 3 groups, 500/s', handled: handled.join(' : '), visits });
    this.find('eight processes: empty visits, %', (100 * empty) / visits, 5, 5);
    this.find(
      'eight processes: largest share against the smallest',
      Math.max(...handled) / Math.min(...handled),
      1.3,
      1.3,
    );
  }

  private async measureCrash(tenantId: string): Promise<void> {
    this.options.say('a crash…');
    const leaseMs = 5000;
    // Of all tenants it has only what comes from here on.
    const options = { from: 'now', leaseMs, concurrency: 40 };
    const first = await this.start('crash', 500, options);
    await this.settled([tenantId], ['crash']);
    await first.ask(null);
    await this.append(tenantId, Array(40).fill({}));
    for (let handled = 0; handled < 40;) handled += (await first.ask(null)).handled;
    await first.kill();
    const killedAt = performance.now();
    const second = await this.start('crash', 500, options);
    await this.settled([tenantId], ['crash']);
    const seconds = (performance.now() - killedAt) / 1000;
    await second.stop();
    this.find('40 events of 0.5 s at a crash: s, with a lease of 5', seconds, leaseMs / 1000 + 3, 8);
  }

  private async measureMemory(tenantId: string): Promise<void> {
    this.options.say('an ordered group behind a slow handler…');
    const consumer = await this.start('ordered', 0, { from: 'now', ordering: 'run', concurrency: 2 });
    await this.settled([tenantId], ['ordered']);
    const before = (await consumer.ask(null)).rssMiB;
    await this.append(tenantId, [{ sleepMs: 30_000 }]);
    let most = before;
    for (let n = 0; n < 1000; n++) {
      await this.append(tenantId, [{ line: 'x'.repeat(1_000_000) }]);
      if (n % 20 === 0) most = Math.max(most, (await consumer.ask(null)).rssMiB);
    }
    await eventually('all is taken', async () => {
      most = Math.max(most, (await consumer.ask(null)).rssMiB);
      return (await this.lagOf(tenantId, 'ordered')) === 0;
    });
    await consumer.stop();
    this.find('ordered, 1000 events of 1 MB behind a slow handler: MiB more', most - before, 128, 128);
  }

  private async lagOf(tenantId: string, group: string): Promise<unknown> {
    const { journal } = this.store.store.keys.partition(tenantId, 0);
    const groups = (await this.redis.xinfo('GROUPS', journal)) as unknown[][];
    return groups.find((fields) => fields[1] === group)?.[11];
  }

  private async during(
    consumer: Consumer,
    work: () => Promise<unknown>,
  ): Promise<{ consumed: Consumed; redisPercent: number }> {
    await consumer.ask(null);
    const redis = await this.startRedisMeter();
    await work();
    const redisPercent = await redis();
    return { consumed: await consumer.ask(null), redisPercent };
  }

  /** Tells what part of a core Redis has used since then. */
  private async startRedisMeter(): Promise<() => Promise<number>> {
    const [before, startedAt] = [await redisCpuSeconds(this.redis), performance.now()];
    return async () => {
      const used = (await redisCpuSeconds(this.redis)) - before;
      return (100 * used) / ((performance.now() - startedAt) / 1000);
    };
  }

  private async load(tenants: readonly string[], rate: number, seconds: number): Promise<void> {
    const beganAt = performance.now();
    const appends: Promise<unknown>[] = [];
    for (let sent = 0; performance.now() - beganAt < seconds * 1000;) {
      const due = ((performance.now() - beganAt) / 1000) * rate;
      for (; sent < due; sent++)
        appends.push(this.append(tenants[sent % tenants.length] ?? '', [{ sentAt: Date.now() }]));
      await rest(2);
    }
    await Promise.all(appends);
    await rest(500);
  }

  private async flood(tenantId: string): Promise<void> {
    for (let n = 0; n < FLOOD_EVENTS; n += 500) await this.append(tenantId, Array(500).fill({}));
  }

  private async append(tenantId: string, data: readonly Record<string, unknown>[]): Promise<void> {
    const run = this.runs.get(tenantId) ?? '';
    const events = data.map((one) => ({ ...line('a line of output'), data: { line: 'a line', ...one } }));
    await this.store.store.append(tenantId, run, events);
  }

  private async createTenants(tenants: readonly string[]): Promise<void> {
    const context = {
      session_id: null,
      epic_id: null,
      task_id: null,
      git_sha: null,
      mode: null,
      artifact_paths: [],
    };
    const run = { executor: 'external', task: 'bench', input: {}, labels: {}, context };
    for (let n = 0; n < tenants.length; n += 100) {
      await Promise.all(
        tenants.slice(n, n + 100).map(async (tenantId) => {
          const created = await this.store.runs.create(tenantId, run);
          this.runs.set(tenantId, created.run.id);
        }),
      );
    }
  }

  /** Every group has been given everything of these tenants, and holds nothing. */
  private async settled(tenants: readonly string[], groups = ['a', 'b', 'c']): Promise<void> {
    for (const tenantId of tenants) {
      const { journal } = this.store.store.keys.partition(tenantId, 0);
      await eventually('all is handled', async () => {
        const found = ((await this.redis.xinfo('GROUPS', journal)) as unknown[][]).map((fields) => ({
          name: fields[1],
          pending: fields[5],
          lag: fields[11],
        }));
        return groups.every((name) =>
          found.some((one) => one.name === name && one.pending === 0 && one.lag === 0),
        );
      });
    }
  }

  private start(groups: string, workMs = 0, options: object = {}): Promise<Consumer> {
    const file = new URL('./many-tenants/consumer.ts', import.meta.url);
    return LoadProcess.start<null, Consumed>(
      file,
      [this.url, groups, String(workMs), JSON.stringify(options)],
      this.options.profileDir,
    );
  }

  private add(what: string, { cpuPercent, visits, empty, latencies }: Consumed, redisPercent: number): void {
    this.rows.push({
      what,
      'process %': round(cpuPercent),
      'Redis %': round(redisPercent),
      visits,
      'empty %': visits === 0 ? 0 : round((100 * empty) / visits),
      ...latencies,
    });
  }

  private find(measured: string, value: number, bar: number, aim: number): void {
    this.findings.push({
      measured,
      value: String(round(value)),
      compared: round(value),
      bar,
      aim,
      atMost: true,
    });
  }
}

type Consumer = LoadProcess<null, Consumed>;

const rest = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
