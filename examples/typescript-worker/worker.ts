import { RunstreamClient } from '@runstream/client';
import { FailError, Worker } from '@runstream/client/worker';
import { setTimeout as delay } from 'node:timers/promises';

const { RUNSTREAM_URL: baseUrl = 'http://127.0.0.1:3000', RUNSTREAM_KEY: key } = process.env;
const client = new RunstreamClient({ baseUrl, headers: key ? { authorization: `Bearer ${key}` } : {} });

const worker = new Worker(client);

worker.executor('count', { on_crash: 'restart', lease_seconds: 5 }, async function* (run) {
  const to = Number(run.input['to'] ?? 10);
  // How far an earlier attempt came, before its process was killed.
  let said = 0;
  for await (const _ of run.history({ type: 'log.stdout' })) said++;
  for (let number = said + 1; number <= to; number++) {
    await delay(200, undefined, { signal: run.signal });
    yield ['log.stdout', { line: String(number) }];
  }
  return { counted: to };
});

worker.handler(
  'receipts',
  { types: ['lifecycle.completed'], lease_seconds: 5, ordering: 'run' },
  (event, context) => {
    const { counted } = (event.data['result'] ?? {}) as { counted?: number };
    if (counted === undefined) return;
    if (counted < 0) throw new FailError('Nobody counts backwards.');
    // Once for each run that was counted, also when this process is killed here.
    context.startRun({ task: `receipt for ${counted}`, labels: { of: event.run_id } });
  },
);

console.log('works');
await worker.run();
