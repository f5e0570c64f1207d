import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  appendFile,
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rm,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startChild, type Child } from '../support/child.js';

/**
 * `scripts/setup.mjs` in a checkout of its own, with stand-ins for npm and the compiler that write down what they were
 * called with: the network is not this project's to test.
 */
const NPM = `
  import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
  appendFileSync('calls', 'npm ' + process.argv.slice(2).join(' ') + '\\n');
  if (process.env.NPM_FAILS) process.exit(1);
  await new Promise((resolve) => setTimeout(resolve, 100));
  mkdirSync('node_modules', { recursive: true });
  mkdirSync('node_modules/@nestjs/cli/bin', { recursive: true });
  writeFileSync('node_modules/@nestjs/cli/bin/nest.js', process.env.NEST);
  writeFileSync('node_modules/.package-lock.json', '{}');`;
const NEST = `
  import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
  appendFileSync('calls', 'nest ' + process.argv.slice(2).join(' ') + '\\n');
  mkdirSync('dist', { recursive: true });
  writeFileSync('dist/main.js', '');`;

let checkout: string;
let bin: string;

beforeEach(async () => {
  checkout = await realpath(await mkdtemp(join(tmpdir(), 'runstream-checkout-')));
  bin = join(checkout, 'bin');
  await cp('scripts', join(checkout, 'scripts'), { recursive: true });
  for (const name of ['package-lock.json', 'nest-cli.json', 'tsconfig.json', 'tsconfig.build.json']) {
    await put(name, '{}');
  }
  await put('package.json', '{"type": "module"}');
  await put('src/main.ts', '');
  await put('packages/dashboard/build.mjs', '');
  await put('npm/npm-cli.js', NPM);
  await putServer('redis-server', '7.0.15');
});

afterEach(async () => {
  await rm(checkout, { recursive: true, force: true });
});

async function put(name: string, text: string): Promise<void> {
  await mkdir(dirname(join(checkout, name)), { recursive: true });
  await writeFile(join(checkout, name), text);
}

async function putServer(name: string, version: string): Promise<void> {
  await put(`bin/${name}`, `#!/bin/sh\necho "Server v=${version} sha=0"\n`);
  await chmod(join(bin, name), 0o755);
}

function setUp(args: string[] = [], env: NodeJS.ProcessEnv = {}): Child {
  return startChild(process.execPath, [join(checkout, 'scripts', 'setup.mjs'), ...args], {
    cwd: checkout,
    // Nothing of the system is on this PATH: no Redis, no package archive.
    env: { PATH: bin, NEST, npm_execpath: join(checkout, 'npm', 'npm-cli.js'), ...env },
  });
}

async function calls(): Promise<string[]> {
  const text = await readFile(join(checkout, 'calls'), 'utf8').catch(() => '');
  return text.split('\n').filter(Boolean);
}

async function chosenServer(): Promise<unknown> {
  return JSON.parse(await readFile(join(checkout, '.cache', 'redis', 'server.json'), 'utf8'));
}

describe('set-up', () => {
  it('installs and builds in a fresh clone, says so, and does nothing the next time', async () => {
    const first = setUp(['--build']);
    expect(await first.exit()).toBe(0);
    expect(first.lines).toContainEqual(expect.stringMatching(/^setup: installing the dependencies/));
    expect(first.lines).toContainEqual('setup: building');
    const done = await calls();
    expect(done).toEqual([expect.stringMatching(/^npm install --no-save /), 'nest build']);

    const second = setUp(['--build']);
    expect(await second.exit()).toBe(0);
    expect(second.lines).toEqual([]);
    expect(await calls()).toEqual(done);
  });

  it('installs what the build needs under NODE_ENV=production too', async () => {
    expect(await setUp([], { NODE_ENV: 'production' }).exit()).toBe(0);
    expect(await calls()).toEqual([expect.stringContaining('--include=dev')]);
  });

  it('installs again when the lockfile has changed', async () => {
    await setUp().exit();
    await appendFile(join(checkout, 'package-lock.json'), '\n');
    await setUp().exit();
    expect(await calls()).toEqual([
      expect.stringMatching(/^npm install --no-save /),
      expect.stringMatching(/^npm install --no-save /),
    ]);
  });

  it('builds again when a source is newer than the build', async () => {
    await setUp(['--build']).exit();
    const later = new Date(Date.now() + 5_000);
    await utimes(join(checkout, 'src', 'main.ts'), later, later);
    await setUp(['--build']).exit();
    expect((await calls()).filter((call) => call === 'nest build')).toHaveLength(2);
  });

  it('T69 runs once at a time: two starts in one checkout do not install over each other', async () => {
    const both = [setUp(['--build']), setUp(['--build'])];
    expect(await Promise.all(both.map((each) => each.exit()))).toEqual([0, 0]);
    expect(await calls()).toEqual([expect.stringMatching(/^npm install --no-save /), 'nest build']);
  });

  it('says in one sentence that it could not install, and tries again the next time', async () => {
    const failing = setUp([], { NPM_FAILS: '1' });
    expect(await failing.exit()).toBe(1);
    expect(failing.lines.at(-1)).toMatch(/^setup: The dependencies could not be installed .* start again\.$/);
    expect(await setUp().exit()).toBe(0);
  });

  it('takes the first Redis or Valkey of version 7 or later on the PATH', async () => {
    await putServer('redis-server', '6.2.14');
    await putServer('valkey-server', '8.0.1');
    expect(await setUp().exit()).toBe(0);
    expect(await chosenServer()).toEqual({ command: join(bin, 'valkey-server') });
  });

  it('names the remedies where no Redis is to be had', async () => {
    await rm(bin, { recursive: true });
    const lost = setUp();
    expect(await lost.exit()).toBe(1);
    expect(lost.lines.at(-1)).toMatch(/^setup: There is no Redis .*REDIS_URL.*`docker compose up`.*package/);
  });

  it('needs no Redis server for a start with REDIS_URL, in the environment or in .env', async () => {
    await rm(bin, { recursive: true });
    expect(await setUp(['--build'], { REDIS_URL: 'redis://elsewhere:6379' }).exit()).toBe(0);
    expect(await setUp(['--build']).exit()).toBe(1);
    await put('.env', 'REDIS_URL=redis://elsewhere:6379\n');
    expect(await setUp(['--build']).exit()).toBe(0);
  });
});

describe('npm start', () => {
  it('T69 passes SIGTERM on to the service', async () => {
    const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as { scripts: { start: string } };
    await put('package.json', JSON.stringify({ type: 'module', scripts: { start: scripts.start } }));
    await put(
      'dist/main.js',
      `process.once('SIGTERM', () => { console.log('draining'); clearInterval(life); });
       const life = setInterval(() => {}, 1000);
       console.log('up');`,
    );
    const npm = startChild('npm', ['start'], { cwd: checkout });
    await npm.line(/^up/);
    npm.process.kill('SIGTERM');
    await npm.line(/^draining/);
    await npm.exit();
  });
});
