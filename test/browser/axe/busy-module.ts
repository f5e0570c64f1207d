import { Module } from '@nestjs/common';
import { DashboardModule } from '../../../src/dashboard/index.js';
import { type Executor, RunExecutor, type RunExecution } from '../../../src/executors/index.js';
import { EventHandler } from '../../../src/internal.js';

/** Has room for one run, which waits until somebody decides. */
@RunExecutor('ship', { concurrency: 1 })
class Ship implements Executor {
  async execute(run: RunExecution): Promise<unknown> {
    await run.emit('gate.requested', { question: 'Ship the shop?' });
    return run.waitFor('gate.approved,gate.rejected');
  }
}

/** Handles all there is. */
@EventHandler({ group: 'copies', types: ['log.*'], from: 'start' })
class Copy {
  handle(): void {
    // There is nothing to do.
  }
}

/** Fails, and takes its time between tries. */
@EventHandler({
  ...{ group: 'billing', types: ['lifecycle.failed'], from: 'start', maxAttempts: 5 },
  backoff: { initialMs: 300_000, maxMs: 300_000 },
})
class Bill {
  handle(): never {
    throw new Error('connect ECONNREFUSED 10.0.0.12:5432');
  }
}

/** Gives up at once. */
@EventHandler({ group: 'archive', types: ['patch.*'], from: 'start', maxAttempts: 1 })
class Archive {
  handle(): never {
    throw new Error('Shelf 7 is full');
  }
}

/** An application where a person has something to look at on every page. */
@Module({ imports: [DashboardModule.forRoot()], providers: [Ship, Copy, Bill, Archive] })
export class BusyModule {}
