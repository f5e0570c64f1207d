import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import cluster from 'node:cluster';
import { errorText, setLongTimeout } from './common/index.js';
import { ConfigError, loadConfig, loadOwnEnvFile } from './config/index.js';
import { isEmbedded } from './configured-redis.js';
import { createApp } from './create-app.js';
import { exportTraces } from './export-traces.js';
import { StoreFormatError } from './event-store/index.js';
import { BACKLOG, Listeners } from './http/index.js';
import { EmbeddedRedis, EmbeddedRedisError, RedisServerNotFoundError } from './redis/index.js';
import { announce, logFrom } from './service-logger.js';
import { drainTimeMs, flushTimeMs, stopOnSignal } from './stop-on-signal.js';
import { askForAllMetrics, superviseWorkers, tellServing } from './workers.js';

const logger = new Logger('Runstream');

async function main(): Promise<void> {
  await loadOwnEnvFile();
  const config = loadConfig(process.env);
  logFrom(config.logLevel);
  if (cluster.isPrimary && config.workers > 1) {
    superviseWorkers(config.workers);
    return;
  }
  // Before anything asks for a tracer.
  const traces = config.traces && (await exportTraces(config.traces));
  const embedded = isEmbedded(config.redis) ? await startEmbeddedRedis() : undefined;
  try {
    const app = await createApp(config, embedded?.url, {
      collect: cluster.isWorker ? askForAllMetrics() : undefined,
    });
    const { shutdownTimeoutMs, listeners } = config.http;
    const more = new Listeners(app.getHttpServer());
    const stop = async () => {
      // The server waits for every request, and an upload may take for ever.
      const cutting = setLongTimeout(
        () => app.getHttpServer().closeAllConnections(),
        drainTimeMs(shutdownTimeoutMs),
      );
      await Promise.all([more.close(), app.close()]);
      cutting.cancel();
      // Last, since draining still writes.
      await Promise.all([embedded?.stop(), traces?.stop(flushTimeMs(shutdownTimeoutMs))]);
    };
    // Ctrl-C reaches every process of a terminal; a worker is told by its supervisor.
    if (cluster.isWorker) process.on('SIGINT', () => undefined);
    stopOnSignal(shutdownTimeoutMs, stop, cluster.isWorker ? ['SIGTERM'] : undefined);
    await (app as unknown as Listens).listen(config.port, config.host, BACKLOG);
    const url = await app.getUrl();
    logger.log(`Serving on ${url}`);
    if (cluster.isWorker) {
      tellServing(url);
      return;
    }
    // A worker is given its connections by the supervisor.
    more.add(listeners - 1).catch((error: unknown) => {
      logger.warn(`There is one listener, not ${listeners}: ${errorText(error)}`);
    });
    announce(url);
  } catch (error) {
    await embedded?.stop();
    throw error;
  }
}

/** Nest hands on to Node's server what it is given, and its types know nothing of a backlog. */
interface Listens {
  listen(port: number, host: string, backlog: number): Promise<unknown>;
}

function startEmbeddedRedis(): Promise<EmbeddedRedis> {
  logger.log('REDIS_URL is not set: starting a private Redis, with its data in .data/redis.');
  return EmbeddedRedis.start({
    log: (message) => {
      logger.warn(message);
    },
  });
}

/** What the person who starts it can mend is one sentence; a defect keeps its stack. */
function explain(error: unknown): unknown {
  const isForPeople =
    error instanceof ConfigError ||
    error instanceof EmbeddedRedisError ||
    error instanceof StoreFormatError ||
    error instanceof RedisServerNotFoundError ||
    (error instanceof Error && 'syscall' in error);
  return isForPeople ? error.message : error;
}

main().catch((error: unknown) => {
  logger.error(explain(error));
  process.exit(1);
});
