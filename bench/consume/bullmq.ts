import { Worker } from 'bullmq';
import type { Drain } from './protocol.js';

const CONCURRENCY = 100;

export const bullmq =
  (url: string): Drain =>
  async ({ name, events }, clock) => {
    let completed = 0;
    let finish: () => void = () => undefined;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    const worker = new Worker(
      name,
      async () => {
        clock.start();
      },
      {
        connection: { url, maxRetriesPerRequest: null },
        concurrency: CONCURRENCY,
        // Nothing is kept of what is done, as elsewhere here.
        removeOnComplete: { count: 0 },
      },
    );
    worker.on('completed', () => {
      completed++;
      if (completed < events) return;
      clock.stop();
      finish();
    });
    await finished;
    await worker.close();
  };
