import { RunstreamClient, type Run } from '../../packages/client/src/index.js';
import { type Child, startChild, startScript } from '../support/child.js';
import { eventually } from '../support/eventually.js';
import { type RedisServer } from '../support/redis.js';
import { report } from '../support/report-line.js';
import { SeededRandom, seedFromEnvironment } from '../support/seeded-random.js';
import { serveHere, type Serving } from '../support/service.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { TestBed } from '../support/test-bed.js';

export type Language = 'Python' | 'TypeScript';

/** A service with a Redis of its own, and worker processes that talk to it. */
export class WorkerScene {
  readonly client: RunstreamClient;
  private readonly workers: Child[] = [];
  private names = 0;

  private constructor(
    private readonly bed: TestBed,
    private readonly redis: RedisServer,
    private service: Serving,
    private readonly language: Language,
  ) {
    this.client = new RunstreamClient({ baseUrl: service.url, retryMs: 20 });
  }

  static async open(language: Language): Promise<WorkerScene> {
    const bed = new TestBed();
    const redis = await bed.startRedis();
    return new WorkerScene(bed, redis, await serveHere({ REDIS_URL: redis.url }), language);
  }

  /** Of the service, also of the one that takes its place. */
  get url(): string {
    return this.service.url;
  }

  /** @param leaseSeconds short only where a test waits for its end: a busy machine may be slow to renew it */
  start(what: 'executors' | 'handlers', leaseSeconds = 30, url = this.url): Child {
    const args = [url, `worker-${++this.names}`, what, String(leaseSeconds)];
    const worker =
      this.language === 'Python'
        ? startChild('python3', ['test/workers/worker.py', ...args], {
            env: { ...process.env, PYTHONPATH: 'clients/python', PYTHONDONTWRITEBYTECODE: '1' },
          })
        : startScript('test/workers/worker.ts', args);
    this.workers.push(worker);
    return worker;
  }

  /** The address of a line to the service that is cut so many times. */
  async cutLine(cuts: number): Promise<{ url: string; cuts: () => number }> {
    const random = new SeededRandom(seedFromEnvironment());
    report(`workers over a line that is cut: SEED=${random.seed}`);
    let done = 0;
    const proxy = await startTcpProxy(Number(new URL(this.url).port), () =>
      // All of them: one that was left whole would be kept for what follows.
      done < cuts ? { afterBytes: random.integer(1, 8000), onCut: () => done++ } : undefined,
    );
    this.bed.onClose(() => proxy.close());
    return { url: `http://127.0.0.1:${proxy.port}`, cuts: () => done };
  }

  async stopService(): Promise<void> {
    await this.service.stop();
  }

  /** Under the same address. */
  async startService(): Promise<void> {
    const { port } = new URL(this.url);
    this.service = await serveHere({ REDIS_URL: this.redis.url, PORT: port });
  }

  /** Ends all workers at once, whatever they are at. */
  async killWorkers(): Promise<void> {
    for (const { process } of this.workers) process.kill('SIGKILL');
    await Promise.all(this.workers.splice(0).map((worker) => worker.exit()));
  }

  /** Starts a run of an executor that a worker may only be about to make known. */
  async run(executor: string, input: Record<string, unknown>): Promise<Run> {
    let run: Run | undefined;
    await eventually(`runs may name ${executor}`, async () => {
      run = await this.client.runs.create({ task: 'work', executor, input }).catch(() => undefined);
      return run !== undefined;
    });
    return run!;
  }

  async ended(runId: string): Promise<Run> {
    let run: Run | undefined;
    await eventually(`${runId} has ended`, async () => {
      run = await this.client.runs.get(runId, { wait_seconds: 20 }).catch(() => undefined);
      return run !== undefined && !['pending', 'running'].includes(run.status);
    });
    return run!;
  }

  /** The lines that a run has said, in order. */
  async linesOf(runId: string): Promise<unknown[]> {
    return this.dataOf(runId, 'log.stdout', 'line');
  }

  async dataOf(runId: string, type: string, name: string): Promise<unknown[]> {
    const found: unknown[] = [];
    for await (const { data } of this.client.runs.history(runId, { type })) found.push(data[name]);
    return found;
  }

  async close(): Promise<void> {
    await this.killWorkers();
    await this.service.stop();
    await this.bed.close();
  }
}
