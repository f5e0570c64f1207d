import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

declare global {
  var sharedTestRedis: ChildProcess | undefined;
}

/**
 * One Redis for the whole test run, unless TEST_REDIS_URL names one: private, in a temporary folder. (Jest loads this
 * file as CommonJS and without its resolver, so it imports nothing of the project.)
 */
export default async function globalSetup(_: unknown, { rootDir }: { rootDir: string }): Promise<void> {
  if (process.env['TEST_REDIS_URL']) return;
  const script = join(rootDir, 'test', 'support', 'shared-redis.ts');
  const child = spawn(process.execPath, ['--import', '@swc-node/register/esm-register', script], {
    cwd: rootDir,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  globalThis.sharedTestRedis = child;
  const url = await Promise.race([
    once(createInterface(child.stdout), 'line').then(([line]) => String(line)),
    once(child, 'exit').then(() => undefined),
  ]);
  if (!url) throw new Error('The Redis of this test run did not start; the reason stands above.');
  process.env['TEST_REDIS_URL'] = url;
}
