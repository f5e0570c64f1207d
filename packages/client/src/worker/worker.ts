import type { RunstreamClient } from '../client.js';
import { sleep } from '../http/retry.js';
import type { Asking } from './asking.js';
import { ExecutorService } from './executor-service.js';
import type { HandlerFunction, HandlerOptions } from './handler-context.js';
import { HandlerService } from './handler-service.js';
import type { ExecutorFunction, ExecutorOptions } from './worker-run.js';

export interface WorkerOptions {
  /** What the service shows as holder: letters, digits, `_` and `-`. Default: `worker-` and a random number. */
  name?: string;
  /** How long what is under way may go on after `stop()` or a signal. Default: 8000 ms. */
  graceMs?: number;
  /** How long to wait after a failure before the next try; longer after each further one. Default: 500 ms. */
  retryMs?: number;
  /** Told what a function threw, and what could not be told the service. Default: it is printed as a warning. */
  onError?: (error: unknown, where: string) => void;
  /** Whether SIGTERM and SIGINT stop it, where there are such. Default: true. */
  signals?: boolean;
}

const GRACE_MS = 8000;
const RETRY_MS = 500;
/** After the grace period: for what closes, and again for telling the service. */
const LAST_MS = 1000;
const SIGNALS = ['SIGTERM', 'SIGINT'];

/** Of Node; a page has none. */
interface Process {
  on(signal: string, listener: () => void): void;
  off(signal: string, listener: () => void): void;
}

/**
 * Serves executors and consumer groups out of this process, until it is stopped.
 *
 * ```ts
 * const worker = new Worker(new RunstreamClient({ baseUrl }));
 * worker.executor('summarise', { on_crash: 'restart' }, async function* (run) {
 *   yield ['llm.stream', { content: 'Once upon a time' }];
 *   return { summary: 'A fairy tale.' };
 * });
 * await worker.run();
 * ```
 *
 * Outages of the service are waited for.
 */
export class Worker {
  private readonly stopping = new AbortController();
  private readonly hurry = new AbortController();
  private readonly asking: Asking;
  private readonly executors: ExecutorService[] = [];
  private readonly handlers: HandlerService[] = [];
  private failure: { error: unknown } | undefined;

  constructor(
    private readonly client: RunstreamClient,
    private readonly options: WorkerOptions = {},
  ) {
    const {
      name = `worker-${crypto.randomUUID().slice(0, 8)}`,
      retryMs = RETRY_MS,
      onError = warn,
    } = options;
    this.asking = { name, retryMs, onError };
  }

  /** Executes runs with a function that yields their events. */
  executor(name: string, options: ExecutorOptions, work: ExecutorFunction): this {
    this.executors.push(new ExecutorService(this.client, this.asking, name, options, work));
    return this;
  }

  /** Handles the events of a group. */
  handler(group: string, options: HandlerOptions, handle: HandlerFunction): this {
    const fail = (error: unknown): void => {
      this.fail(error);
    };
    this.handlers.push(new HandlerService(this.client, this.asking, group, options, handle, fail));
    return this;
  }

  /**
   * Works until it is stopped.
   *
   * @throws RunstreamClientError what the service refuses for good, such as a wrong key
   */
  async run(): Promise<void> {
    const { process } = globalThis as unknown as { process?: Process };
    const stop = (): void => {
      this.stop();
    };
    const signals = process && this.options.signals !== false ? SIGNALS : [];
    for (const signal of signals) process?.on(signal, stop);
    try {
      const all = [...this.executors, ...this.handlers];
      const stopped = new Promise((resolve) => {
        this.stopping.signal.addEventListener('abort', resolve);
      });
      const serving = all.map((service) =>
        service.serve().catch((error: unknown) => {
          this.fail(error);
        }),
      );
      await stopped;
      for (const service of all) service.stop();
      await Promise.all(serving);
      await this.finish(Promise.all(all.map(({ room }) => room.empty())));
    } finally {
      for (const signal of signals) process?.off(signal, stop);
    }
    if (this.failure) throw this.failure.error;
  }

  /** Ends `run()`: nothing more is asked for. A second call ends the grace period. */
  stop(): void {
    if (this.stopping.signal.aborted) this.hurry.abort();
    this.stopping.abort();
  }

  private async finish(empty: Promise<unknown>): Promise<void> {
    const { graceMs = GRACE_MS } = this.options;
    await within(graceMs, empty, this.hurry.signal);
    for (const executor of this.executors) executor.leave();
    await within(LAST_MS, empty);
    await within(LAST_MS, Promise.all(this.executors.map((executor) => executor.giveBack())));
    for (const service of [...this.executors, ...this.handlers]) service.abandon();
  }

  private fail(error: unknown): void {
    if (this.stopping.signal.aborted) return;
    this.failure = { error };
    this.stopping.abort();
  }
}

function warn(error: unknown, where: string): void {
  // eslint-disable-next-line no-console -- what is wrong with a worker is not to be found out elsewhere only
  console.warn(`${where}:`, error);
}

/** Waits for something, but not for longer than that, nor after the signal. */
async function within(ms: number, something: Promise<unknown>, signal?: AbortSignal): Promise<void> {
  const end = new AbortController();
  const both = signal ? AbortSignal.any([signal, end.signal]) : end.signal;
  const late = sleep(ms, both).catch(() => undefined);
  await Promise.race([something, late]);
  end.abort();
}
