import { setTimeout as delay } from 'node:timers/promises';
import { RedisUnavailableError, SequenceConflictError } from '../../src/common/index.js';
import type { EventInput } from '../../src/events/index.js';
import type { SeededRandom } from '../support/seeded-random.js';
import type { TestStore } from '../support/event-store.js';
import { makeTask, ORDERED_GROUP, SHARED_GROUP, type Task, taskEvent } from './workload.js';

const MAX_BATCH = 12;
const RETRY_MS = 100;

export interface Acknowledged {
  runId: string;
  /** Events of the producer in this run, in order; the first follows `lifecycle.started`. */
  tasks: Task[];
}

/** Appends events to many runs at a steady pace, and knows which were acknowledged. It outlives outages of Redis. */
export class Producer {
  readonly runs: Acknowledged[] = [];

  constructor(
    private readonly store: TestStore,
    private readonly random: SeededRandom,
    private readonly leaseMs: number,
    /** Of `log`: one after the other. */
    private readonly actions: readonly string[] = ['stdout'],
  ) {}

  async createRuns(count: number): Promise<void> {
    for (let i = 0; i < count; i++) this.runs.push({ runId: await this.store.createRun(), tasks: [] });
  }

  /** @param isPoisoned whether an event of each group kills its process */
  async produce(events: number, overMs: number, isPoisoned = true): Promise<void> {
    const poison = new Map(
      isPoisoned
        ? [
            [Math.floor(events * 0.15), SHARED_GROUP],
            [Math.floor(events * 0.3), ORDERED_GROUP],
          ]
        : [],
    );
    const startedAt = performance.now();
    let n = 0;
    while (n < events) {
      const size = Math.min(this.random.integer(1, MAX_BATCH), events - n);
      const tasks: Task[] = [];
      for (const last = n + size; n < last; n++) {
        const task = makeTask(n, this.random, this.leaseMs);
        tasks.push({ ...task, poisons: poison.get(n) ?? null });
      }
      await this.append(this.random.integer(0, this.runs.length - 1), tasks);
      const aheadMs = (n / events) * overMs - (performance.now() - startedAt);
      if (aheadMs > 0) await delay(aheadMs);
    }
  }

  /** Appends these tasks to one of the runs. */
  async produceTasks(run: number, tasks: readonly Partial<Task>[]): Promise<void> {
    const all = tasks.map((task, n): Task => ({ n, takesMs: 0, failures: 0, poisons: null, ...task }));
    await this.append(run, all);
  }

  /** Every second run is written with idempotency keys, the others with the sequence that is expected. */
  private async append(index: number, tasks: Task[]): Promise<void> {
    const run = this.runs[index]!;
    const keyed = index % 2 === 0;
    const expectedSequence = 1 + run.tasks.length;
    const events = tasks.map((task): EventInput => {
      const action = this.actions[task.n % this.actions.length];
      return taskEvent(task, action, keyed ? `task-${task.n}` : undefined);
    });
    for (;;) {
      try {
        await this.store.store.append(
          this.store.tenant,
          run.runId,
          events,
          keyed ? {} : { expectedSequence },
        );
        break;
      } catch (error) {
        // The answer to the try before was lost, and all was stored.
        if (error instanceof SequenceConflictError) break;
        if (!(error instanceof RedisUnavailableError)) throw error;
        await delay(RETRY_MS);
      }
    }
    run.tasks.push(...tasks);
  }
}
