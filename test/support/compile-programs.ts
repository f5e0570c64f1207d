import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bundlePackages } from './bundle-packages.js';
import { bundlePrograms } from './programs.js';

/** Whatever a test starts as a process. */
const PROGRAMS = [
  'packages/cli/src/main.ts',
  'src/main.ts',
  'src/keys-cli.ts',
  'src/partitions-cli.ts',
  'src/redis/embedded/guardian.main.ts',
  'test/conformance/cli.ts',
  'test/conformance/stray-checks.ts',
  'test/faults/worker.ts',
  'test/faults/service/app.ts',
  'test/setup/embedded-service.ts',
  'test/support/command-service.ts',
  'test/support/executor-process.ts',
  'test/support/lock-holder.ts',
  'test/values/any-value-process.ts',
  'test/workers/worker.ts',
];
const MAX_AGE_MS = 86_400_000;

/** Bundles them for a test run. Prints the folder, and removes it when its stdin ends. */
const cache = join(process.cwd(), '.cache', 'test-runs');
await mkdir(cache, { recursive: true });
for (const name of await readdir(cache)) {
  // Of a run that was killed. Another one may be going on beside this one.
  const age = Date.now() - (await stat(join(cache, name))).mtimeMs;
  if (age > MAX_AGE_MS) await rm(join(cache, name), { recursive: true, force: true });
}
const folder = await mkdtemp(join(cache, 'run-'));
await promisify(execFile)(process.execPath, [join('packages', 'dashboard', 'build.mjs')]);
await Promise.all([bundlePrograms(folder, PROGRAMS), bundlePackages(join(folder, 'packages'))]);
process.stdout.write(`${folder}\n`);
process.on('SIGINT', () => undefined); // Ctrl-C reaches the whole group; the tests' own teardown comes first
process.stdin.resume().once('end', () => void rm(folder, { recursive: true, force: true, maxRetries: 5 }));
