/**
 * Compiles src/ for a test run: each service that a test starts would otherwise do it again, in two seconds of its
 * own. Prints the folder, and removes it when its stdin ends.
 */
import { transformFile } from '@swc/core';
import { cp, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import config from '../../jest.config.js';

const MAX_AGE_MS = 86_400_000;

const root = process.cwd();
const cache = join(root, '.cache', 'test-runs');
await mkdir(cache, { recursive: true });
for (const name of await readdir(cache)) {
  // Of a run that was killed. Another one may be going on beside this one.
  const age = Date.now() - (await stat(join(cache, name))).mtimeMs;
  if (age > MAX_AGE_MS) await rm(join(cache, name), { recursive: true, force: true });
}

// Laid out like the project, for what is found relative to the sources.
const folder = await mkdtemp(join(cache, 'run-'));
await cp(join(root, 'package.json'), join(folder, 'package.json'));
// Where a service with the embedded Redis finds its program; without it the PATH has one.
const server = join('.cache', 'redis', 'server.json');
await cp(join(root, server), join(folder, server)).catch(() => undefined);
const [, options] = config.transform['^.+\\.ts$'];
const files = await readdir(join(root, 'src'), { recursive: true, withFileTypes: true });
await Promise.all(files.filter((file) => file.isFile() && !file.name.endsWith('spec.ts')).map(take));
process.stdout.write(`${folder}\n`);
process.on('SIGINT', () => undefined); // Ctrl-C reaches the whole group; the tests' own teardown comes first
process.stdin.resume().once('end', () => void rm(folder, { recursive: true, force: true, maxRetries: 5 }));

async function take({ parentPath, name }) {
  const source = join(parentPath, name);
  const target = join(folder, source.slice(root.length));
  await mkdir(join(target, '..'), { recursive: true });
  if (extname(name) !== '.ts') return cp(source, target);
  const { code } = await transformFile(source, { ...options, swcrc: false });
  await writeFile(target.replace(/\.ts$/, '.js'), code);
}
