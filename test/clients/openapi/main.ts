/**
 * `npm run clients`: lints the OpenAPI document, generates clients from it with the generators that are in use, compiles
 * them under `strict`, and calls a service with them. It installs what it needs in a folder outside of the repository,
 * so it needs the registry.
 */
import { type Child, startChild } from '../../support/child.js';
import { startRedis } from '../../support/redis.js';
import { Project } from './project.js';
import { Workshop } from './workshop.js';

const GENERATORS = ['openapi-typescript', 'hey-api', 'orval'];
const TENANCY = { MULTI_TENANCY_ENABLED: 'true', TENANT_HEADER: 'X-Org' };

let failed = false;

/** Prints one line: what was done, and how it went. */
async function step(name: string, work: () => Promise<string | void>): Promise<void> {
  const begun = performance.now();
  try {
    const outcome = (await work()) ?? 'ok';
    console.log(`${name}: ${outcome} (${((performance.now() - begun) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed = true;
    console.log(`${name}: FAILED\n${error instanceof Error ? error.message : String(error)}`);
  }
}

async function serve(env: NodeJS.ProcessEnv): Promise<{ child: Child; url: string }> {
  const child = startChild(process.execPath, ['dist/main.js'], {
    env: {
      ...process.env,
      HOST: '127.0.0.1',
      PORT: '0',
      LISTENERS: '1',
      MAX_EVENT_LOOP_DELAY_MS: '0',
      ...env,
    },
  });
  const url = /http:\/\/[^\s:]+:\d+/.exec(await child.line(/Serving on/))?.[0] ?? '';
  return { child, url };
}

/** Makes the clients of a service of its own, and calls it with these programs. */
async function tryOut(workshop: Workshop, name: string, env: NodeJS.ProcessEnv, programs: readonly string[]) {
  const { child, url } = await serve(env);
  try {
    const document: unknown = await (await fetch(`${url}/docs-json`)).json();
    const project = await Project.of(workshop, name, document);
    await step(`${name}: redocly lint`, () => project.redocly());
    await step(`${name}: spectral lint`, () => project.spectral());
    await step(`${name}: generate`, () => project.generate(url));
    await step(`${name}: compile under strict`, () => project.compile(programs));
    for (const program of programs) {
      await step(`${name}: call with ${program}`, () => project.call(program, { ...env, SERVICE_URL: url }));
    }
  } finally {
    child.process.kill('SIGTERM');
    await child.exit();
  }
}

/** A key of the tenant `acme`. */
async function createKey(env: NodeJS.ProcessEnv): Promise<string> {
  const scopes = 'runs:read,runs:write,keys:admin';
  const args = ['dist/keys-cli.js', 'create', '--name', 'clients', '--scopes', scopes, '--tenant', 'acme'];
  return (await startChild(process.execPath, args, { env: { ...process.env, ...env } }).line(/^rs_/)).trim();
}

const redis = await startRedis();
const env = { REDIS_URL: redis.url };
let workshop: Workshop | undefined;
try {
  await step('install', async () => {
    workshop = await Workshop.open();
  });
  if (workshop) {
    await tryOut(workshop, 'open', env, GENERATORS);
    const closed = { ...env, ...TENANCY, AUTH_MODE: 'api-key' };
    await tryOut(workshop, 'closed', { ...closed, SERVICE_KEY: await createKey(closed) }, ['closed']);
  }
} finally {
  await Promise.all([redis.stop(), workshop?.close()]);
}
process.exitCode = failed ? 1 : 0;
