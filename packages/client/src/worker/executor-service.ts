import type { RunstreamClient } from '../client.js';
import { type Asking, askForWork, patiently, Room, WAIT_SECONDS } from './asking.js';
import { Execution } from './execution.js';
import type { ExecutorFunction, ExecutorOptions } from './worker-run.js';

const DEFAULT_CONCURRENCY = 10;

/** An executor that this worker serves. */
export class ExecutorService {
  readonly room: Room;
  private readonly executions = new Set<Execution>();
  private readonly stopping = new AbortController();

  constructor(
    private readonly client: RunstreamClient,
    private readonly asking: Asking,
    private readonly name: string,
    private readonly options: ExecutorOptions,
    private readonly work: ExecutorFunction,
  ) {
    this.room = new Room(options.concurrency ?? DEFAULT_CONCURRENCY);
  }

  async serve(): Promise<void> {
    const { concurrency: _, ...definition } = this.options;
    const { retryMs, name: worker } = this.asking;
    const { signal } = this.stopping;
    const put = await patiently(() => this.client.executors.put(this.name, definition), retryMs, signal);
    const serving = { leaseSeconds: put.lease_seconds, mayRestart: definition.on_crash === 'restart' };
    await askForWork(
      retryMs,
      signal,
      this.room,
      1,
      async (claim_id, max) => {
        const body = { worker, claim_id, max, wait_seconds: WAIT_SECONDS };
        return (await this.client.executors.claim(this.name, body, { signal }))?.claims;
      },
      (claim) => {
        const execution = new Execution(this.client, this.asking, claim, serving);
        this.executions.add(execution);
        void execution.execute(this.work).finally(() => {
          this.executions.delete(execution);
          this.room.give();
        });
      },
    );
  }

  stop(): void {
    this.stopping.abort();
    for (const execution of this.executions) execution.stop();
  }

  /** The grace period is over. */
  leave(): void {
    for (const execution of this.executions) execution.leave('stopping');
  }

  /** What does not look up is given back all the same: nothing that it does can be stored then. */
  async giveBack(): Promise<void> {
    await Promise.all([...this.executions].map((execution) => execution.giveBack()));
  }

  abandon(): void {
    for (const execution of this.executions) execution.abandon();
  }
}
