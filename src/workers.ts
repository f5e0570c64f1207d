import { Logger } from '@nestjs/common';
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { AggregatorRegistry } from 'prom-client';
import { setLongTimeout } from './common/index.js';
import { announce } from './service-logger.js';

/** A worker that dies again and again must not be started in a hot loop: the pause doubles each time, up to the longest. */
const RESTART_MS = 1000;
const LONGEST_RESTART_MS = 30_000;
/** One that has lived for so long did not die of what its predecessor died of. */
const STEADY_MS = 60_000;
const METRICS_TIMEOUT_MS = 6000;
/** Between the processes: a worker asks for everybody's metrics, and is told. */
const METRICS = 'runstream:metrics';
/** From a worker: it serves now, at this address. (Node's own `listening` comes for the port of the metrics as well.) */
const SERVING = 'runstream:serving';

interface MetricsMessage {
  type: typeof METRICS;
  id: number;
  text?: string;
}

type WorkerMessage = MetricsMessage | { type: typeof SERVING; url: string };

/**
 * Starts so many processes of this program, which share its port. One of them that ends before it served ends the start:
 * what stands in its way, such as a port that is taken, stands there for all. One that dies later is started again. On
 * SIGTERM and SIGINT it passes a SIGTERM on and ends when they have; at a second signal they exit at once.
 */
export function superviseWorkers(count: number): void {
  const logger = new Logger('Workers');
  const metrics = new AggregatorRegistry();
  const workers = new Set<Worker>();
  let stopping = false;
  let served = 0;
  let pauseMs = RESTART_MS;

  const start = (isReplacement: boolean): void => {
    const worker = cluster.fork();
    workers.add(worker);
    let servingSince: number | undefined;
    worker.on('message', (message: WorkerMessage) => {
      if (message.type === SERVING) {
        servingSince = performance.now();
        if (++served === count) announce(message.url);
      }
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
      const end = `Worker ${worker.process.pid} has ended (${signal || code})`;
      if (servingSince === undefined && !isReplacement) {
        logger.error(`${end} before it served: see above for the reason.`);
        void stop().then(() => process.exit(1));
        return;
      }
      if (servingSince !== undefined && performance.now() - servingSince > STEADY_MS) pauseMs = RESTART_MS;
      logger.error(`${end}: starting another in ${pauseMs / 1000} s.`);
      setLongTimeout(() => {
        if (!stopping) start(true);
      }, pauseMs);
      pauseMs = Math.min(2 * pauseMs, LONGEST_RESTART_MS);
    });
  };

  /** Resolves with the exit codes. */
  const stop = async (): Promise<(number | null)[]> => {
    stopping = true;
    const ends = [...workers].map((worker) => once(worker, 'exit') as Promise<[code: number | null]>);
    for (const worker of workers) worker.process.kill('SIGTERM');
    return (await Promise.all(ends)).map(([code]) => code);
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    const isAgain = stopping;
    logger.log(`${signal}: stopping ${workers.size} workers.`);
    const stopped = stop();
    if (isAgain) return;
    void stopped.then((codes) => process.exit(codes.every((code) => code === 0) ? 0 : 1));
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  for (let n = 0; n < count; n++) start(false);
}

/** For a worker: from now on it counts as one that could be started. */
export function tellServing(url: string): void {
  process.send?.({ type: SERVING, url } satisfies WorkerMessage);
}

/** For a worker: gives the metrics of all workers together, so that it does not matter which of them is asked. */
export function askForAllMetrics(): () => Promise<string> {
  let asked = 0;
  const waiting = new Map<number, (text: string) => void>();
  process.on('message', (message: WorkerMessage) => {
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
