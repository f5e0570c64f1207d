import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

declare global {
  /** Processes that serve the whole test run and end when their stdin does. */
  var testRunProcesses: ChildProcess[];
}

/**
 * One Redis for the whole test run, unless TEST_REDIS_URL names one: private, in a temporary folder. And the
 * bundled programs, for tests that start them. (Jest loads this file as CommonJS and without its resolver, so it imports nothing
 * of the project.)
 */
export default async function globalSetup(_: unknown, { rootDir }: { rootDir: string }): Promise<void> {
  globalThis.testRunProcesses = [];
  const support = join(rootDir, 'test', 'support');
  const loader = ['--import', '@swc-node/register/esm-register'];
  const [redis, programs] = await Promise.all([
    process.env['TEST_REDIS_URL'] ?? firstLine(rootDir, [...loader, join(support, 'shared-redis.ts')]),
    firstLine(rootDir, [...loader, join(support, 'compile-programs.ts')]),
  ]);
  if (!redis) throw new Error('The Redis of this test run did not start; the reason stands above.');
  if (!programs) throw new Error('The programs could not be compiled; the reason stands above.');
  process.env['TEST_REDIS_URL'] = redis;
  process.env['TEST_COMPILED_DIR'] = programs;
}

async function firstLine(cwd: string, args: string[]): Promise<string | undefined> {
  const child = spawn(process.execPath, args, { cwd, stdio: ['pipe', 'pipe', 'inherit'] });
  globalThis.testRunProcesses.push(child);
  return Promise.race([
    once(createInterface(child.stdout), 'line').then(([line]) => String(line)),
    once(child, 'exit').then(() => undefined),
  ]);
}
