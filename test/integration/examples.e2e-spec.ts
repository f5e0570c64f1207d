import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Child, startChild } from '../support/child.js';
import { eventually } from '../support/eventually.js';
import { type RedisServer, startRedis } from '../support/redis.js';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const EXAMPLE = join(ROOT, 'examples', 'approval-flow');
const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');

interface Run {
  id: string;
  status: string;
  task: string;
  result: unknown;
  error: unknown;
}

/**
 * The example as an application of its own: Runstream is installed into it as the package that would be published, and
 * Nest beside it, so that what is missing from the package, or is there twice, shows.
 */
describe('The example approval-flow', () => {
  let dir: string;
  let app: string;
  let redis: RedisServer;
  beforeAll(async () => {
    await run(process.execPath, [join(ROOT, 'scripts', 'setup.mjs'), '--build'], { cwd: ROOT });
    dir = await mkdtemp(join(tmpdir(), 'runstream-example-'));
    app = join(dir, 'app');
    await cp(EXAMPLE, app, { recursive: true, filter: (path) => !/[/\\](node_modules|dist)$/.test(path) });
    await installPackage(dir, join(app, 'node_modules', 'runstream'));
    // What a registry would give, one folder up, where both the example and the package find it.
    await symlink(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
    await run(process.execPath, [TSC, '-p', app]);
    redis = await startRedis();
  });
  afterAll(async () => {
    await redis?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const start = async (): Promise<{ child: Child; url: string }> => {
    const env = { PATH: process.env['PATH'], REDIS_URL: redis.url, PORT: '0' };
    const child = startChild(process.execPath, ['dist/main.js'], { cwd: app, env });
    const line = await child.line(/^Serving on/);
    return { child, url: line.replace('Serving on ', '') };
  };

  const json = async <T>(url: string, body?: unknown): Promise<T> => {
    const response = await fetch(url, {
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
      headers: { 'Content-Type': 'application/json' },
    });
    return (await response.json()) as T;
  };

  it('passes its own tests', async () => {
    const { stdout } = await run(process.execPath, ['--test', 'dist/'], {
      cwd: app,
      env: { PATH: process.env['PATH'], REDIS_URL: redis.url },
    });
    expect(stdout).toContain('# fail 0');
    expect(stdout).toMatch(/# pass [1-9]/);
  });

  it('ships a small change by itself, a large one after an approval, and has both tested', async () => {
    const { child, url } = await start();
    const deploy = (service: string, changed_lines: number) =>
      json<Run>(`${url}/runs`, { executor: 'deploy', task: 'ship', input: { service, changed_lines } });
    const ended = (id: string) => json<Run>(`${url}/runs/${id}?wait_seconds=20`);

    const small = await deploy('shop', 3);
    expect(await ended(small.id)).toMatchObject({
      status: 'completed',
      result: { service: 'shop', approved_by: 'policy' },
    });

    const large = await deploy('bank', 300);
    const types = async (): Promise<string[]> => {
      const { events } = await json<{ events: { event: { category: string; action: string } }[] }>(
        `${url}/runs/${large.id}/events`,
      );
      return events.map(({ event }) => `${event.category}.${event.action}`);
    };
    await eventually('it asks', async () => (await types()).includes('gate.requested'));
    await json(`${url}/runs/${large.id}/events`, {
      event: { category: 'gate', action: 'approved' },
      source: { agent_id: 'ada' },
      data: { by: 'Ada' },
    });
    expect(await ended(large.id)).toMatchObject({ status: 'completed', result: { approved_by: 'Ada' } });
    expect(await types()).toEqual([
      ...['lifecycle.started', 'deploy.planned', 'gate.requested', 'gate.approved'],
      ...['deploy.shipped', 'lifecycle.completed'],
    ]);

    const tests = async () => (await json<{ runs: Run[] }>(`${url}/runs?label=kind:smoke-test`)).runs;
    await eventually('both are tested', async () => (await tests()).length === 2);
    expect((await tests()).map(({ task }) => task).sort()).toEqual([
      'smoke test of bank',
      'smoke test of shop',
    ]);

    expect(await json(`${url}/runs`, { executor: 'deploy', task: 'ship', input: {} })).toMatchObject({
      code: 'VALIDATION_FAILED',
      details: [{ path: 'service' }, { path: 'changed_lines' }],
    });

    child.process.kill('SIGTERM');
    expect([0, 'SIGTERM']).toContain(await child.exit());
  });
});

/** Packs Runstream as `npm publish` would, and unpacks it. */
async function installPackage(dir: string, target: string): Promise<void> {
  const npm = process.env['npm_execpath'];
  const pack = ['pack', '--ignore-scripts', '--pack-destination', dir];
  if (npm?.endsWith('npm-cli.js')) await run(process.execPath, [npm, ...pack], { cwd: ROOT });
  else await run('npm', pack, { cwd: ROOT });
  const tarball = (await readdir(dir)).find((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw new Error('npm pack left no tarball.');
  await mkdir(target, { recursive: true });
  await run('tar', ['-xzf', join(dir, tarball), '-C', target, '--strip-components=1']);
}
