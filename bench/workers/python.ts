import { execFileSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { type Child, startChild } from '../../test/support/child.js';
import { Calls, type Place } from './calls.js';

/** The interpreter; RQ is measured where it can be imported. */
const PYTHON = process.env['PYTHON'] ?? 'python3';
const HERE = new URL('.', import.meta.url).pathname;
const CLIENT = new URL('../../clients/python', import.meta.url).pathname;
const POSTS_AT_ONCE = 16;

/** Starts so many programs, and waits until each has said that it is ready. */
async function startAll(count: number, ready: RegExp, argsOf: (n: number) => string[]): Promise<Child[]> {
  const env = { ...process.env, PYTHONPATH: `${CLIENT}:${HERE}`, PYTHONDONTWRITEBYTECODE: '1' };
  const children = Array.from({ length: count }, (_, n) => startChild(PYTHON, argsOf(n), { env, cwd: HERE }));
  await Promise.all(children.map((child) => child.line(ready)));
  return children;
}

async function stopAll(children: readonly Child[]): Promise<void> {
  for (const { process: child } of children) child.kill('SIGTERM');
  await Promise.all(children.map((child) => child.exit()));
}

/** @returns seconds from the first run that is posted until the last has ended, with so many processes of `Worker` */
export async function runstreamSeconds(place: Place, workers: number, runs: number): Promise<number> {
  const { url, tenant, executor } = place;
  const children = await startAll(workers, /serves/, (n) => [
    ...['run_worker.py', url, tenant, executor, `worker-${n}`],
  ]);
  const startedAt = performance.now();
  let next = 0;
  const posters = await Promise.all(Array.from({ length: POSTS_AT_ONCE }, () => Calls.open(place)));
  await Promise.all(
    posters.map(async (calls) => {
      while (next < runs) await calls.call('POST', '/runs', { task: `run-${next++}`, executor });
    }),
  );
  for (const calls of posters) calls.close();
  const headers = { 'X-Tenant-ID': tenant };
  for (;;) {
    const { running, pending } = (await (
      await fetch(`${url}/executors/${executor}`, { headers })
    ).json()) as { running: number; pending: number };
    if (running + pending === 0) break;
    await delay(20);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  await stopAll(children);
  return seconds;
}

export function hasRq(): boolean {
  try {
    execFileSync(PYTHON, ['-c', 'import rq'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The same of RQ, with a process for each job as it has it by default, or without. */
export async function rqSeconds(
  redisUrl: string,
  queue: string,
  workers: number,
  jobs: number,
  kind: 'worker' | 'forking',
): Promise<number> {
  const children = await startAll(workers, /Listening on/, () => ['rq_jobs.py', redisUrl, queue, kind]);
  const [boss] = await startAll(1, /^ready/, () => ['rq_jobs.py', redisUrl, queue]);
  boss?.process.stdin?.write(`${jobs}\n`);
  const said = await boss?.line(/^seconds/);
  await stopAll(children);
  return Number(said?.split(' ')[1]);
}
