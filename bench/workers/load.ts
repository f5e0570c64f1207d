/** Workers, and who gives them runs: in one process, so that one clock measures the way of each run. */
import { setTimeout as delay } from 'node:timers/promises';
import { Latencies } from '../support/latencies.js';
import { answerJobs } from '../support/load-process.js';
import { pace } from '../support/pace.js';
import { Calls, type Claimed, type Place } from './calls.js';

export type WorkersJob =
  /** Workers that wait and get nothing; each asks again when its time is up. Those before leave. */
  | { kind: 'wait'; places: readonly Place[]; waitSeconds: number }
  | {
      kind: 'work';
      place: Place;
      workers: number;
      /** Most runs of one claim. */
      max: number;
      runs: number;
      /** Runs made per second; undefined: all before the first claim; 0: as many at a time as go. */
      rate: number | undefined;
      /** Events of each run before its end, each a request. */
      appends: number;
    };

export interface Worked {
  /** From just before a run was posted, and from when that was answered, until a worker had it. */
  fromSent: ReturnType<Latencies['summary']>;
  fromAnswered: ReturnType<Latencies['summary']>;
  /** Runs of each worker. */
  shares: number[];
  /** From the first claim until the last end was answered. */
  seconds: number;
}

const WAIT_SECONDS = 20;
const POSTS_AT_ONCE = 16;
const OPENED_AT_ONCE = 100;
const EVENT = { event: { category: 'log', action: 'stdout' }, data: { line: 'The quick brown fox.' } };
const END = { event: { category: 'lifecycle', action: 'completed' }, data: { result: { ok: true } } };

let waiting: Calls[] = [];

await answerJobs(async (job: WorkersJob): Promise<Worked | undefined> => {
  if (job.kind === 'work') return work(job);
  for (const calls of waiting) calls.close();
  waiting = [];
  await wait(job.places, job.waitSeconds);
  return undefined;
});

async function wait(places: readonly Place[], waitSeconds: number): Promise<void> {
  for (let i = 0; i < places.length; i += OPENED_AT_ONCE) {
    const some = places.slice(i, i + OPENED_AT_ONCE);
    const opened = await Promise.all(
      some.map(async (place) => {
        const calls = await Calls.open(place);
        await calls.put({});
        return calls;
      }),
    );
    opened.forEach((calls, n) => void askAgainAndAgain(calls, `waiter-${i + n}`, waitSeconds));
    waiting.push(...opened);
  }
}

async function askAgainAndAgain(calls: Calls, worker: string, waitSeconds: number): Promise<void> {
  try {
    for (;;) await calls.claim(worker, 1, waitSeconds);
  } catch (error) {
    if (waiting.includes(calls)) fail(error);
  }
}

async function work({
  place,
  workers,
  max,
  runs,
  rate,
  appends,
}: WorkersJob & { kind: 'work' }): Promise<Worked> {
  const sentAt = new Map<string, number>();
  const answeredAt = new Map<string, number>();
  const gotAt = new Map<string, number>();
  const posters: Calls[] = [];
  const free: Calls[] = [];
  const openPoster = async (): Promise<Calls> => {
    const calls = await Calls.open(place);
    posters.push(calls);
    return calls;
  };
  const post = async (n: number): Promise<void> => {
    const task = `run-${n}`;
    const calls = free.pop() ?? (await openPoster());
    sentAt.set(task, performance.now());
    await calls.call('POST', '/runs', { task, executor: place.executor });
    answeredAt.set(task, performance.now());
    free.push(calls);
  };
  const first = await openPoster();
  await first.put({ on_crash: 'restart' });
  free.push(first);
  const postAll = async (): Promise<void> => {
    let next = 0;
    await Promise.all(
      Array.from({ length: POSTS_AT_ONCE }, async () => {
        while (next < runs) await post(next++);
      }),
    );
  };
  if (rate === undefined) await postAll();

  const shares = Array.from({ length: workers }, () => 0);
  let ended = 0;
  let finish = (): void => undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const opened = await Promise.all(shares.map(() => Calls.open(place)));
  const execute = async (calls: Calls, claimed: Claimed): Promise<void> => {
    for (let i = 0; i < appends; i++) await calls.append(claimed, EVENT);
    await calls.append(claimed, END);
    if (++ended === runs) finish();
  };
  const startedAt = performance.now();
  opened.forEach((calls, n) => {
    const serve = async (): Promise<void> => {
      while (ended < runs) {
        const claims = await calls.claim(`worker-${n}`, max, WAIT_SECONDS);
        const now = performance.now();
        for (const { run } of claims) gotAt.set(run.task, now);
        shares[n]! += claims.length;
        for (const claimed of claims) await execute(calls, claimed);
      }
    };
    serve().catch((error: unknown) => {
      if (ended < runs) fail(error);
    });
  });
  // At an even rate the way of a run to those who wait is measured, and not how they all come at once.
  if (rate) await allAsk(place, workers);
  const sending: Promise<void>[] = [];
  if (rate === 0) sending.push(postAll());
  else if (rate !== undefined) await pace(rate, runs / rate, (n) => sending.push(post(n)));
  await Promise.all([...sending, finished]);
  const seconds = (performance.now() - startedAt) / 1000;
  for (const calls of [...opened, ...posters]) calls.close();
  const [fromSent, fromAnswered] = [new Latencies(), new Latencies()];
  for (const [task, at] of gotAt) {
    fromSent.add(at - sentAt.get(task)!);
    // A worker may have it before the answer to who made it is there.
    fromAnswered.add(Math.max(0, at - answeredAt.get(task)!));
  }
  return { fromSent: fromSent.summary(), fromAnswered: fromAnswered.summary(), shares, seconds };
}

async function allAsk({ url, tenant, executor }: Place, workers: number): Promise<void> {
  for (;;) {
    const answer = await fetch(`${url}/executors`, { headers: { 'X-Tenant-ID': tenant } });
    const { executors } = (await answer.json()) as { executors: { name: string; live_instances: number }[] };
    const found = executors.find(({ name }) => name === executor);
    if ((found?.live_instances ?? 0) >= workers) return;
    await delay(50);
  }
}

function fail(error: unknown): never {
  console.error(error);
  process.exit(1);
}
