import { setTimeout as delay } from 'node:timers/promises';
import { RunstreamClient } from '../../packages/client/src/index.js';
import {
  FailError,
  RetryError,
  Worker,
  type WorkerEvent,
  type WorkerRun,
} from '../../packages/client/src/worker/index.js';

/** What test/workers runs as processes, in TypeScript: `worker.ts <address> <name> executors|handlers <lease>`. */
const [baseUrl = '', name = '', what = '', lease] = process.argv.slice(2);
const lease_seconds = Number(lease);
const worker = new Worker(new RunstreamClient({ baseUrl, retryMs: 50 }), {
  ...{ name, graceMs: 2000, retryMs: 50 },
});

const say = (...words: unknown[]): unknown => process.stdout.write(`${words.join(' ')}\n`);

async function* steps(run: WorkerRun): AsyncGenerator<WorkerEvent, unknown, undefined> {
  say('begins', run.id, run.attempt);
  try {
    const { steps, ms = 0 } = run.input as { steps: number; ms?: number };
    let number = 0;
    for await (const { event } of run.history()) if (event.category === 'log') number++;
    for (; number < steps; number++) {
      await delay(ms, undefined, { signal: run.signal });
      yield ['log.stdout', { line: String(number) }];
    }
    return { steps };
  } finally {
    say('leaves', run.id, run.signal.reason ?? 'None');
  }
}

async function* bad(run: WorkerRun): AsyncGenerator<WorkerEvent, unknown, undefined> {
  const { how } = run.input as { how: string };
  yield ['log.stdout', { line: 'first' }];
  if (how === 'raises') throw new Error("It can't be done.");
  if (how === 'refused') {
    yield ['no.such_type', {}];
    await run.flush();
  }
  if (how === 'no event') yield 7 as unknown as WorkerEvent;
  return how === 'no JSON' ? 7n : undefined;
}

if (what === 'executors') {
  const restart = { on_crash: 'restart', lease_seconds } as const;
  worker.executor('steps', { ...restart, concurrency: 4 }, steps);
  worker.executor('once', { lease_seconds, concurrency: 1 }, steps);
  worker.executor('async-steps', { ...restart, concurrency: 50 }, steps);
  worker.executor('deaf', { ...restart, concurrency: 1 }, async (run) => {
    say('begins', run.id, run.attempt);
    if (run.attempt === 1) await delay(60_000);
    return 'heard';
  });
  worker.executor('bad', {}, bad);
} else {
  const options = { types: ['task.created'], from: 'start', lease_seconds, ordering: 'run' } as const;
  worker.handler(
    'effects',
    { ...options, types: [...options.types], concurrency: 4 },
    async (event, context) => {
      const { n, ms = 0, how } = event.data as { n?: number; ms?: number; how?: string };
      say('handles', n, context.attempt);
      if (how === 'retry' && context.attempt === 1) {
        context.publish(event.run_id, 'task.failed', { n: -1 });
        throw new RetryError(10);
      }
      if (how === 'fail') throw new FailError('Nobody can do that.');
      if (how === 'bad effect') {
        context.publish(event.run_id, 'no.such_type', {});
        return;
      }
      await delay(ms);
      context.publish(event.run_id, 'task.completed', { n });
      if (how === 'start') context.startRun({ task: 'started by an effect', labels: { by: event.run_id } });
    },
  );
}

say('works');
await worker.run();
say('has ended');
process.exit(0);
