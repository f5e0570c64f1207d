import { type Child, startScript, type StartChildOptions } from './child.js';
import { testRedisUrl } from './redis.js';

/** The service as a process of its own, on a port of its own. */
export interface Service {
  readonly url: string;
  readonly child: Child;
  /** Ends it with SIGTERM and waits for it. */
  stop(): Promise<number | NodeJS.Signals>;
}

export function startMain(options: StartChildOptions): Child {
  return startScript('src/main.ts', [], options);
}

/** Starts the service on the test Redis; `env` adds to, or replaces, what it is configured with. */
export async function startService(env: NodeJS.ProcessEnv = {}): Promise<Service> {
  const child = startMain({
    env: {
      ...process.env,
      NODE_ENV: 'test',
      PORT: '0',
      HOST: '127.0.0.1',
      REDIS_URL: testRedisUrl(),
      // A machine that is busy with other things is no overload. Tests of that switch it on again.
      MAX_EVENT_LOOP_DELAY_MS: '0',
      // They cost a child process at each start.
      LISTENERS: '1',
      ...env,
    },
  });
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
