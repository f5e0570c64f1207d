/** The same work of BullMQ: jobs that wait, a line of log for each, and its end. */
import { Queue, Worker } from 'bullmq';
import { answerJobs } from '../support/load-process.js';

export interface BullMqJob {
  redisUrl: string;
  name: string;
  workers: number;
  jobs: number;
}

await answerJobs(async ({ redisUrl, name, workers, jobs }: BullMqJob): Promise<{ seconds: number }> => {
  const queue = new Queue(name, { connection: { url: redisUrl } });
  await queue.addBulk(Array.from({ length: jobs }, () => ({ name: 'work', data: { task: 'bench' } })));
  const startedAt = performance.now();
  let done = 0;
  let finish = (): void => undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const all = Array.from({ length: workers }, () => {
    const connection = { url: redisUrl, maxRetriesPerRequest: null };
    const worker = new Worker(
      name,
      async (job) => {
        await job.log('The quick brown fox.');
        return { ok: true };
      },
      { connection, concurrency: 1 },
    );
    worker.on('completed', () => {
      if (++done === jobs) finish();
    });
    return worker;
  });
  await finished;
  const seconds = (performance.now() - startedAt) / 1000;
  await Promise.all(all.map((worker) => worker.close()));
  await queue.close();
  return { seconds };
});
