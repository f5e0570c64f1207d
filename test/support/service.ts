import { fileURLToPath } from 'node:url';
import { type Child, startScript } from './child.js';
import { testRedisUrl } from './redis.js';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** The service as a process of its own, on a port of its own. */
export interface Service {
  readonly url: string;
  readonly child: Child;
  /** Ends it with SIGTERM and waits for it. */
  stop(): Promise<number | NodeJS.Signals>;
}

/** Starts the service on the test Redis; `env` adds to, or replaces, what it is configured with. */
export async function startService(env: NodeJS.ProcessEnv = {}): Promise<Service> {
  const child = startScript(MAIN, [], {
    env: {
      ...process.env,
      NODE_ENV: 'test',
      PORT: '0',
      HOST: '127.0.0.1',
      REDIS_URL: testRedisUrl(),
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
