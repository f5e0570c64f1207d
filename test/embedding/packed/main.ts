/**
 * `npm run embedding`: packs the project, installs the package in folders outside of the repository, with the oldest and
 * the newest Nest of the range, and compiles and runs applications there as others have them. It needs the registry.
 * `npm run embedding -- 'Nest 11'` runs only the lines whose name contains that.
 */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startRedis } from '../../support/redis.js';
import { checkConfigured, checkHealth, checkHost, checkOwnErrors } from './check-host.js';
import { Folder } from './folder.js';
import { jestOfCommonjs, jestOfModules, vitest } from './host-tests.js';
import { type Application, Installation, type Modules } from './installation.js';

const NEST_OF_OTHERS = { 'reflect-metadata': '^0.2.2', rxjs: '^7.8.1' };

/** What `nest new` installs, in these versions, and what the README names beside. */
function nest(version: string, swagger: string): Record<string, string> {
  const names = ['common', 'core', 'platform-express'];
  return {
    ...Object.fromEntries(names.map((name) => [`@nestjs/${name}`, version])),
    '@nestjs/swagger': swagger,
    '@nestjs/config': '^12.0.0',
    ...NEST_OF_OTHERS,
  };
}

const NEWEST_12 = {
  ...nest('^12.0.1', '^12.0.0'),
  '@jest/globals': '^30.0.0',
  '@nestjs/platform-fastify': '^12.0.1',
  '@nestjs/terminus': '^12.0.0',
  '@nestjs/testing': '^12.0.1',
  jest: '^30.0.0',
  'nestjs-pino': '^5.0.0',
  pino: '^10.0.0',
  'pino-http': '^11.0.0',
  vitest: '^4.0.0',
};
const NEWEST_11 = { ...nest('^11.2.0', '^11.2.0'), '@nestjs/testing': '^11.2.0', jest: '^30.0.0' };

const [only = ''] = process.argv.slice(2);
let failed = false;

/** Prints one line: what was done, and how it went. */
async function step(name: string, work: () => Promise<string | void>): Promise<void> {
  if (!name.includes(only)) return;
  const begun = performance.now();
  try {
    const outcome = (await work()) ?? 'ok';
    console.log(`${name}: ${outcome} (${((performance.now() - begun) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed = true;
    console.log(`${name}: FAILED\n${error instanceof Error ? error.message : String(error)}`);
  }
}

const redis = await startRedis();
let database = 0;

/** A database of Redis for each application, so that none is given another one's runs. */
function environment(): NodeJS.ProcessEnv {
  return { REDIS_URL: `${redis.url}/${database++ % 16}` };
}

/** Starts a compiled program, does to each address that it prints what an application must stand, and ends it. */
async function runHost(
  app: Application,
  program: string,
  {
    addresses = 1,
    also = checkOwnErrors,
  }: { addresses?: number; also?: (url: string) => Promise<void> } = {},
): Promise<void> {
  const child = app.start(program, environment());
  try {
    await child.line(/^Listening on/);
    if (addresses > 1) await child.line(/^All are listening/);
    const urls = child.lines.flatMap((line) => /^Listening on (.*)$/.exec(line)?.[1] ?? []);
    assert.equal(urls.length, addresses);
    for (const url of urls) {
      await checkHost(child, url);
      await also(url);
    }
    child.process.kill('SIGTERM');
    assert.ok([0, 'SIGTERM'].includes(await child.exit()));
  } catch (error) {
    throw new Error(`${String(error)}\nThe application printed:\n${child.lines.join('\n')}`, {
      cause: error,
    });
  } finally {
    child.process.kill('SIGKILL');
  }
}

async function withInstallation(
  name: string,
  packages: Record<string, string>,
  work: (installation: Installation, name: string) => Promise<void>,
): Promise<void> {
  let installation: Installation | undefined;
  await step(`${name}: install`, async () => {
    installation = await Installation.make(tarball, packages);
    return `@nestjs/core ${await installation.version('@nestjs/core')}`;
  });
  try {
    if (installation) await work(installation, name);
  } finally {
    await installation?.close();
  }
}

/** The application as it is, compiled by tsc. */
async function plain(installation: Installation, name: string, modules: Modules): Promise<void> {
  const app = await installation.application(`${modules}-tsc`, modules);
  await step(`${name}: ${modules}, tsc, strict, without skipLibCheck`, () => app.tsc('plain'));
  await step(`${name}: ${modules}, tsc: runs`, () => runHost(app, 'plain'));
}

async function swc(installation: Installation, name: string, modules: Modules): Promise<void> {
  const app = await installation.application(`${modules}-swc`, modules);
  await step(`${name}: ${modules}, swc`, () => app.swc());
  await step(`${name}: ${modules}, swc: runs`, () => runHost(app, 'plain'));
}

async function newest12(installation: Installation, name: string): Promise<void> {
  await plain(installation, name, 'esm');
  await plain(installation, name, 'commonjs');
  await swc(installation, name, 'esm');
  await swc(installation, name, 'commonjs');

  const app = await installation.application('esm-others', 'esm');
  await step(`${name}: tsc, moduleResolution bundler`, () =>
    app.tsc('plain', { module: 'esnext', moduleResolution: 'bundler', noEmit: true }),
  );
  await step(`${name}: two applications in one process`, async () => {
    await app.tsc('two');
    await runHost(app, 'two', { addresses: 2 });
  });
  await step(`${name}: configureRunstream(app)`, async () => {
    await app.tsc('configured');
    await runHost(app, 'configured', { also: checkConfigured });
  });
  await step(`${name}: terminus and pino beside`, async () => {
    await app.tsc('beside', { skipLibCheck: true });
    await runHost(app, 'beside', { also: checkHealth });
  });
  await step(`${name}: Fastify`, async () => {
    await app.tsc('fastify', { skipLibCheck: true });
    const child = app.start('fastify', environment());
    assert.equal(await child.exit(), 1);
    const [said] =
      /Runstream serves HTTP with @nestjs\/platform-express.*/.exec(child.lines.join('\n')) ?? [];
    assert.ok(said, child.lines.join('\n'));
    return `refused in one sentence`;
  });
  await step(`${name}: Vitest`, () => vitest(app, environment()));
  await step(`${name}: Jest with --experimental-vm-modules`, async () => {
    await app.tsc('follow-order');
    await jestOfModules(app, environment());
  });
}

async function newest11(installation: Installation, name: string): Promise<void> {
  await plain(installation, name, 'esm');
  await plain(installation, name, 'commonjs');
  const app = await installation.application('commonjs-jest', 'commonjs');
  await step(`${name}: Jest with CommonJS`, async () => {
    await app.tsc('follow-order');
    return jestOfCommonjs(app, environment());
  });
}

const packed = await Folder.open();
let tarball = '';
try {
  // The build is fresh: scripts/setup.mjs has seen to it.
  await packed.run('npm', ['pack', process.cwd(), '--ignore-scripts', '--loglevel=error']);
  const [name = ''] = (await readdir(packed.path)).filter((file) => file.endsWith('.tgz'));
  tarball = join(packed.path, name);
  await withInstallation('Nest 12, newest', NEWEST_12, newest12);
  await withInstallation('Nest 12, oldest', nest('12.0.1', '12.0.0'), (installation, line) =>
    plain(installation, line, 'esm'),
  );
  await withInstallation('Nest 11, newest', NEWEST_11, newest11);
  await withInstallation('Nest 11, oldest', nest('11.2.0', '11.2.0'), (installation, line) =>
    plain(installation, line, 'commonjs'),
  );
} finally {
  await Promise.all([redis.stop(), packed.close()]);
}
process.exitCode = failed ? 1 : 0;
