import { Logger } from '@nestjs/common';
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { AggregatorRegistry } from 'prom-client';

/** A worker that dies at once must not be started in a hot loop. */
const RESTART_MS = 1000;
const METRICS_TIMEOUT_MS = 6000;
/** Between the processes: a worker asks for everybody's metrics, and is told. */
const METRICS = 'runstream:metrics';

interface MetricsMessage {
  type: typeof METRICS;
  id: number;
  text?: string;
}

/**
 * Starts so many processes of this program, which share its port, and starts one again that dies. On SIGTERM and SIGINT
 * it passes a SIGTERM on and ends when they have; at a second signal they exit at once.
 */
export function superviseWorkers(count: number): void {
  const logger = new Logger('Workers');
  const metrics = new AggregatorRegistry();
  const workers = new Set<Worker>();
  let stopping = false;

  const start = (): void => {
    const worker = cluster.fork();
    workers.add(worker);
    worker.on('message', (message: MetricsMessage) => {
      if (message.type !== METRICS) return;
      const answer = (text: string) => worker.isConnected() && worker.send({ ...message, text });
      // Without an answer the worker gives up, and says so to whoever asked.
      metrics.clusterMetrics().then(answer, (error: unknown) => {
        logger.warn(`The workers' metrics could not be collected: ${String(error)}`);
      });
    });
    worker.once('exit', (code, signal) => {
      workers.delete(worker);
      if (stopping) return;
      logger.error(`Worker ${worker.process.pid} has ended (${signal || code}): starting another.`);
      setTimeout(() => {
        if (!stopping) start();
      }, RESTART_MS);
    });
  };
  for (let n = 0; n < count; n++) start();

  const onSignal = (signal: NodeJS.Signals): void => {
    const isAgain = stopping;
    stopping = true;
    logger.log(`${signal}: stopping ${workers.size} workers.`);
    const ends = [...workers].map((worker) => once(worker, 'exit') as Promise<[code: number | null]>);
    for (const worker of workers) worker.process.kill('SIGTERM');
    if (isAgain) return;
    void Promise.all(ends).then((codes) => process.exit(codes.every(([code]) => code === 0) ? 0 : 1));
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

/** For a worker: gives the metrics of all workers together, so that it does not matter which of them is asked. */
export function askForAllMetrics(): () => Promise<string> {
  let asked = 0;
  const waiting = new Map<number, (text: string) => void>();
  process.on('message', (message: MetricsMessage) => {
    if (message.type !== METRICS) return;
    waiting.get(message.id)?.(message.text ?? '');
    waiting.delete(message.id);
  });
  return () =>
    new Promise((resolve, reject) => {
      const id = ++asked;
      const timer = setTimeout(() => {
        waiting.delete(id);
        reject(new Error('The other workers did not tell their metrics in time.'));
      }, METRICS_TIMEOUT_MS);
      waiting.set(id, (text) => {
        clearTimeout(timer);
        resolve(text);
      });
      process.send?.({ type: METRICS, id } satisfies MetricsMessage);
    });
}
