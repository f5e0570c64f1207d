/** What Redis and its client can do: XADD by one ioredis client, so many to a pipeline, one pipeline at a time. */
import { Redis } from 'ioredis';
import { answerJobs } from '../support/load-process.js';

export interface XaddJob {
  events: number;
  perPipeline: number;
  payload: string;
}

export interface Added {
  seconds: number;
}

const KEY = 'bench:bare';
const redis = new Redis(process.argv[2]!);

await answerJobs(async ({ events, perPipeline, payload }: XaddJob): Promise<Added> => {
  const start = performance.now();
  for (let sent = 0; sent < events; sent += perPipeline) {
    const pipeline = redis.pipeline();
    for (let i = sent; i < Math.min(sent + perPipeline, events); i++) pipeline.xadd(KEY, '*', 'e', payload);
    const results = await pipeline.exec();
    const failure = results?.find(([error]) => error)?.[0];
    if (failure) throw failure;
  }
  const seconds = (performance.now() - start) / 1000;
  await redis.del(KEY);
  return { seconds };
});
