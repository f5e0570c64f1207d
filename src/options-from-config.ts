import { loadConfig, type RunstreamConfig } from './config/index.js';
import type { RunstreamOptions } from './runstream-options.js';
import { drainTimeMs } from './stop-on-signal.js';

/**
 * The options that the service makes of environment variables, for an application that wants to be set in the same way.
 *
 * ```ts
 * RunstreamModule.forRoot(optionsFromEnv(process.env))
 * ```
 *
 * @throws ConfigError that names every variable that is wrong, and REDIS_URL if it is not set
 * @publicApi
 */
export function optionsFromEnv(env: NodeJS.ProcessEnv): RunstreamOptions {
  return optionsFromConfig(loadConfig(env));
}

/** @param redisUrl where Redis is, if the configuration does not say */
export function optionsFromConfig(config: RunstreamConfig, redisUrl?: string): RunstreamOptions {
  const { events, sse, executors, consumer, http, admission, limits, auth, tenancy } = config;
  const { heartbeatMs, retryMs, watcherBufferBytes } = sse;
  const { allowUnauthenticated: _onlyOfTheService, ...credentials } = auth;
  const shutdownTimeoutMs = drainTimeMs(http.shutdownTimeoutMs);
  const url = config.redis.url ?? redisUrl;
  return {
    redis: { ...config.redis, ...(url !== undefined && { url }) },
    events: { ...events, heartbeatMs, watcherPageBytes: watcherBufferBytes },
    runs: { retryMs, watcherBufferBytes },
    executors: { ...executors, shutdownTimeoutMs },
    consumer: { ...consumer, shutdownTimeoutMs },
    http: { maxRequestBytes: http.maxRequestBytes, corsOrigins: http.corsOrigins, shutdownTimeoutMs },
    metrics: { host: config.host, ...(http.metricsPort !== undefined && { port: http.metricsPort }) },
    admission,
    limits,
    auth: credentials,
    tenancy,
  };
}
