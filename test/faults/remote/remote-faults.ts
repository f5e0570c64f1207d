import { setTimeout as delay } from 'node:timers/promises';
import { RunstreamClient } from '../../../packages/client/src/index.js';
import { type Child, startChild } from '../../support/child.js';
import { eventually } from '../../support/eventually.js';
import { freePort } from '../../support/redis.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { type TcpProxy, startTcpProxy } from '../../support/tcp-proxy.js';
import { TestBed } from '../../support/test-bed.js';
import { compileProgram } from '../compile.js';
import { checkEffects, checkRuns, GROUPS, readRuns, type RemoteViolation } from './truth.js';

export interface RemoteOptions {
  seed: number;
  /** Of the executor's runs in all, of their last attempts. */
  events: number;
  /** How long faults happen. */
  seconds: number;
  leaseSeconds: number;
  workers: number;
}

export interface RemoteReport {
  seed: number;
  runs: number;
  /** In the logs, those of lost attempts too. */
  events: number;
  /** Attempts at runs after their first. */
  restarts: number;
  /** How often each fault was made. */
  faults: Record<string, number>;
  /** From the last fault until all was done, in seconds. */
  settledIn: number;
  seconds: number;
  violations: RemoteViolation[];
}

const EVENTS_PER_RUN = 50;
const EFFECT_RUNS = 20;
/** Of worker.py. */
const CONCURRENCY = 4;
const SETTLED_WITHIN_MS = 300_000;

/** Python's workers through faults of theirs, of the service and of Redis, as the seed says. */
export async function runRemoteFaults(options: RemoteOptions): Promise<RemoteReport> {
  const startedAt = performance.now();
  const bed = new TestBed();
  try {
    const scene = await RemoteScene.open(bed, options);
    const runs = Math.max(2, Math.round(options.events / EVENTS_PER_RUN));
    const until = performance.now() + options.seconds * 1000;
    const producing = scene.produce(runs, options.seconds * 1000);
    await scene.disturb(new SeededRandom(options.seed), until);
    await producing;
    return { seed: options.seed, ...(await scene.finish()), seconds: secondsSince(startedAt) };
  } finally {
    await bed.close();
  }
}

const secondsSince = (start: number): number => Math.round((performance.now() - start) / 1000);

class RemoteScene {
  private readonly faults: Record<string, number> = {};
  private readonly workers: { child: Child; line: TcpProxy }[] = [];
  private readonly waking = new Set<Promise<void>>();
  private service: Child | undefined;
  private effectRuns: string[] = [];
  private starts = 0;

  private constructor(
    private readonly options: RemoteOptions,
    private readonly port: number,
    private readonly redis: Awaited<ReturnType<TestBed['startRedis']>>,
    private readonly client: RunstreamClient,
    private readonly program: string,
  ) {}

  static async open(bed: TestBed, options: RemoteOptions): Promise<RemoteScene> {
    const redis = await bed.startRedis({ appendOnly: true });
    const port = await freePort();
    const client = new RunstreamClient({ baseUrl: `http://127.0.0.1:${port}`, retryMs: 50 });
    const compiled = await compileProgram('src/main.ts');
    bed.onClose(() => compiled.remove());
    const scene = new RemoteScene(options, port, redis, client, compiled.program);
    bed.onClose(() => scene.endService('SIGTERM'));
    await scene.startService();
    for (let i = 0; i < EFFECT_RUNS; i++) {
      scene.effectRuns.push((await client.runs.create({ task: 'effects' })).id);
    }
    for (let i = 0; i < options.workers; i++) {
      const line = await startTcpProxy(port);
      bed.onClose(() => line.close());
      scene.workers.push({ child: scene.startWorker(line), line });
    }
    bed.onClose(() => scene.endWorkers());
    await Promise.all(scene.workers.map(({ child }) => child.line(/^ready$/)));
    await eventually('workers have said what they serve', () => scene.isServed());
    return scene;
  }

  /** Makes the runs over a time, whatever is away meanwhile. */
  async produce(runs: number, ms: number): Promise<void> {
    // So slow that half of the workers' hands are full all the time: what is idle can't be disturbed.
    const each = (this.options.workers * CONCURRENCY * ms) / 2 / (runs * EVENTS_PER_RUN);
    const input = { events: EVENTS_PER_RUN, ms: Math.min(each, 40) };
    for (let i = 0; i < runs; i++) {
      await eventually('a run is made', async () => {
        const made = await this.client.runs
          .create({ task: 'count', executor: 'numbers', input })
          .catch(() => undefined);
        return made !== undefined;
      });
      await delay(ms / runs);
    }
  }

  async disturb(random: SeededRandom, until: number): Promise<void> {
    const leaseMs = this.options.leaseSeconds * 1000;
    const faults: Record<string, () => Promise<void>> = {
      'worker killed': () => this.killWorker(random.integer(0, this.workers.length - 1)),
      'worker frozen': () => {
        const ms = random.integer(Math.round(leaseMs * 1.2), leaseMs * 3);
        this.freezeWorker(random.integer(0, this.workers.length - 1), ms);
        return Promise.resolve();
      },
      'connections cut': () => {
        this.workers[random.integer(0, this.workers.length - 1)]?.line.cut();
        return Promise.resolve();
      },
      'answers swallowed': async () => {
        const line = this.workers[random.integer(0, this.workers.length - 1)]?.line;
        line?.swallowAnswers();
        await delay(100);
        line?.cut();
      },
      'service stopped': () => this.restartService('SIGTERM'),
      'service killed': () => this.restartService('SIGKILL'),
      'Redis away': async () => {
        await this.redis.kill();
        await delay(random.integer(0, 2 * leaseMs));
        await this.redis.restart();
      },
    };
    const names = Object.keys(faults);
    // Each comes before any comes again.
    for (let bag = [...names]; performance.now() < until; bag = bag.length > 0 ? bag : [...names]) {
      await delay(random.integer(200, 1200));
      const [name = ''] = bag.splice(random.integer(0, bag.length - 1), 1);
      this.faults[name] = (this.faults[name] ?? 0) + 1;
      await faults[name]?.();
    }
  }

  async finish(): Promise<Omit<RemoteReport, 'seed' | 'seconds'>> {
    await Promise.all(this.waking);
    const disturbedUntil = performance.now();
    const ids = new Set<string>();
    await eventually(
      'all runs have ended, and all events are handled',
      async () => (await this.isDone(ids).catch(() => false)) || (await delay(500), false),
      SETTLED_WITHIN_MS,
    ).catch(async (error: unknown) => {
      const said = this.workers.flatMap(({ child }) => child.lines.slice(-10));
      const pages = await Promise.all(GROUPS.map(({ name }) => this.page(`/consumers/${name}`)));
      throw new Error([...said, ...pages.map((page) => JSON.stringify(page))].join('\n'), { cause: error });
    });
    const settledIn = secondsSince(disturbedUntil);
    const runs = await readRuns(this.client, ids);
    const effects = await readRuns(this.client, this.effectRuns);
    const of = (type: string): number =>
      runs.reduce((sum, { events }) => sum + events.filter((event) => event.type === type).length, 0);
    return {
      runs: runs.length,
      events: of('log.stdout'),
      restarts: of('system.warning'),
      faults: this.faults,
      settledIn,
      violations: [...checkRuns(runs, EVENTS_PER_RUN), ...checkEffects(runs, effects)],
    };
  }

  private async isDone(ids: Set<string>): Promise<boolean> {
    for (const status of ['pending', 'running']) {
      const { runs } = await this.page(`/runs?executor=numbers&status=${status}`);
      if ((runs as unknown[]).length > 0) return false;
    }
    for (let cursor = ''; ;) {
      const { runs, next_cursor: next } = await this.page(`/runs?executor=numbers&limit=500${cursor}`);
      for (const { id } of runs as { id: string }[]) ids.add(id);
      if (typeof next !== 'string') break;
      cursor = `&cursor=${encodeURIComponent(next)}`;
    }
    const groups = await Promise.all(GROUPS.map(({ name }) => this.page(`/consumers/${name}`)));
    return groups.every(({ pending, lag }) => pending === 0 && lag === 0);
  }

  private async isServed(): Promise<boolean> {
    const answers = await Promise.all(
      ['/executors/numbers', ...GROUPS.map(({ name }) => `/consumers/${name}`)].map((path) =>
        this.page(path).then(
          () => true,
          () => false,
        ),
      ),
    );
    return answers.every(Boolean);
  }

  private async page(path: string): Promise<Record<string, unknown>> {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`);
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return (await response.json()) as Record<string, unknown>;
  }

  private startWorker(line: TcpProxy): Child {
    const { leaseSeconds } = this.options;
    const args = [`http://127.0.0.1:${line.port}`, `worker-${++this.starts}`, String(leaseSeconds)];
    return startChild('python3', ['test/faults/remote/worker.py', ...args, this.effectRuns.join(',')], {
      env: { ...process.env, PYTHONPATH: 'clients/python', PYTHONDONTWRITEBYTECODE: '1' },
    });
  }

  private async killWorker(slot: number): Promise<void> {
    const worker = this.workers[slot]!;
    worker.child.process.kill('SIGKILL');
    await worker.child.exit();
    worker.child = this.startWorker(worker.line);
  }

  private freezeWorker(slot: number, ms: number): void {
    const { child } = this.workers[slot]!;
    child.process.kill('SIGSTOP');
    const waking = delay(ms).then(() => {
      child.process.kill('SIGCONT');
      this.waking.delete(waking);
    });
    this.waking.add(waking);
  }

  private async endWorkers(): Promise<void> {
    for (const { child } of this.workers) child.process.kill('SIGKILL');
    await Promise.all(this.workers.map(({ child }) => child.exit()));
  }

  private async restartService(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.endService(signal);
    await this.startService();
  }

  private async endService(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.service?.process.kill(signal);
    await this.service?.exit();
  }

  private async startService(): Promise<void> {
    this.service = startChild(process.execPath, [this.program], {
      env: {
        ...process.env,
        ...{ NODE_ENV: 'test', HOST: '127.0.0.1', PORT: String(this.port), REDIS_URL: this.redis.url },
        ...{ MAX_EVENT_LOOP_DELAY_MS: '0', LISTENERS: '1', SHUTDOWN_TIMEOUT_MS: '3000' },
      },
    });
    await this.service.line(/Serving on http/);
  }
}
