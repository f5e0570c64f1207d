import { loadConfig } from '../../src/config/index.js';
import { createApp } from '../../src/create-app.js';
import { type Child, startScript, type StartChildOptions } from './child.js';
import { PATIENCE_MS, testRedisUrl } from './redis.js';

/** The service as a process of its own, on a port of its own. */
export interface Service {
  readonly url: string;
  readonly child: Child;
  /** Ends it with SIGTERM and waits for it. */
  stop(): Promise<number | NodeJS.Signals>;
}

/** The same, wherever it runs. */
export type Serving = Pick<Service, 'url'> & { stop(): Promise<unknown> };

export function startMain(options: StartChildOptions): Child {
  return startScript('src/main.ts', [], options);
}

/** Starts the service on the test Redis; `env` adds to, or replaces, what it is configured with. */
export async function startService(env: NodeJS.ProcessEnv = {}): Promise<Service> {
  const child = startMain({ env: serviceEnv(env) });
  const serving = await child.line(/Serving on http/);
  const url = /Serving on (http:\/\/[^\s:]+:\d+)/.exec(serving)?.[1] ?? '';
  return {
    url,
    child,
    stop: () => {
      child.process.kill('SIGTERM');
      return child.exit();
    },
  };
}

/**
 * The same service in the test's own process, with the same variables: a start takes a tenth of the processor time. For
 * tests of what is answered; what is told of processes (signals, output, memory, being killed) needs one.
 */
export async function serveHere(env: NodeJS.ProcessEnv = {}): Promise<Serving> {
  const config = loadConfig(serviceEnv(env));
  const app = await createApp(config, undefined, { logger: false });
  await app.listen(config.port, config.host);
  let stopping: Promise<void> | undefined;
  return {
    url: await app.getUrl(),
    stop: () => (stopping ??= app.close()),
  };
}

function serviceEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return {
    ...process.env,
    NODE_ENV: 'test',
    PORT: '0',
    HOST: '127.0.0.1',
    ...(env['REDIS_CLUSTER'] === undefined &&
      env['REDIS_SENTINELS'] === undefined && { REDIS_URL: testRedisUrl() }),
    // A machine that is busy with other things is no overload. Tests of that switch it on again.
    MAX_EVENT_LOOP_DELAY_MS: '0',
    REDIS_COMMAND_TIMEOUT_MS: String(PATIENCE_MS),
    // They cost a child process at each start.
    LISTENERS: '1',
    ...env,
  };
}
