/**
 * `npm run foreign-clients`: clients of others against the service, in every scenario, and behind each proxy that is
 * installed. Prints what each held, and ends with 1 when one did not hold the log exactly.
 */
import { startRedis } from '../../support/redis.js';
import { SeededRandom, seedFromEnvironment } from '../../support/seeded-random.js';
import { openChromium } from './chromium.js';
import { NODE_CLIENTS, programClients } from './clients.js';
import { Deployment } from './deployment.js';
import type { Driver } from './driver.js';
import { newestEventsource } from './newest.js';
import { PROXIES, proxyVersion, startProxy } from './proxies.js';
import { uploadThrough } from './proxied-upload.js';
import { play, type Scenario } from './scenarios.js';
import { cellOf, Table } from './table.js';

const SCENARIOS: readonly Scenario[] = [
  { name: 'follow' },
  { name: 'named', named: true },
  { name: 'from a cursor', after: 5, resets: 1 },
  { name: 'six resets', resets: 6 },
  { name: 'SIGTERM', restart: 'SIGTERM' },
  { name: 'SIGKILL', restart: 'SIGKILL' },
  { name: 'end', over: true },
];
/** Behind proxies: the one that a 502 would close for good. */
const STRICT = NODE_CLIENTS.filter(({ name }) => name.startsWith('eventsource 4'));

const random = new SeededRandom(seedFromEnvironment());
console.log(`SEED=${random.seed}`);
// One of them complains of each connection that is cut.
console.error = () => undefined;
const redis = await startRedis();
process.env['TEST_REDIS_URL'] = redis.url;
const chromium = await openChromium();
if (!chromium) console.log('There is no Chromium here (CHROMIUM may name one): its clients are left out.');
const service = await Deployment.start(chromium && { CORS_ORIGINS: chromium.origin });
const clients = new Table('client');
const proxies = new Table('proxy');
try {
  const newest = await newestEventsource();
  if (!newest) console.log('eventsource 5 needs Node 22.12 or later: it is left out.');
  const drivers = [
    ...NODE_CLIENTS,
    ...(newest ? [newest] : []),
    ...programClients(),
    ...(chromium?.drivers ?? []),
  ];
  for (const scenario of SCENARIOS) await fill(clients, scenario, drivers);
  if (chromium) {
    const { drivers, origin } = chromium;
    await fill(clients, { name: 'cross-origin', named: true, resets: 2, origin }, drivers);
  }
  await behindNginx(drivers);
  for (const name of PROXIES) await behind(name);
} finally {
  await service.stop();
  await redis.stop();
  await chromium?.stop();
}
console.log(`\n${clients.text()}\n${proxies.text()}`);
process.exit(process.exitCode);

async function fill(
  table: Table,
  scenario: Scenario,
  drivers: readonly Driver[],
  row?: string,
): Promise<void> {
  const outcomes = await play(scenario, drivers, service, random);
  for (const [i, { name }] of drivers.entries()) {
    const outcome = outcomes[i];
    const failed = !outcome || outcome instanceof Error;
    if (failed) failure(`${row ?? name}, ${scenario.name}`, outcome);
    table.put(row ?? name, scenario.name, failed ? 'FAILED' : cellOf(outcome));
  }
  console.log(`${row ? `${row}: ` : ''}${scenario.name}: done`);
}

function failure(what: string, error: unknown): void {
  process.exitCode = 1;
  console.log(`FAILED: ${what}: ${String(error).slice(0, 500)}`);
}

/** As docs/proxies.md has it; and as it comes, with what a user does then. */
async function behindNginx(drivers: readonly Driver[]): Promise<void> {
  if (proxyVersion('nginx') === undefined) return;
  const restart = 'SIGTERM';
  const documented = await startProxy('nginx', service.port);
  await fill(clients, { name: 'nginx', restart, port: documented.port }, drivers);
  await documented.stop();
  const plain = await startProxy('nginx', service.port, (config) => config.replace(/^ *error_page .*$/m, ''));
  const reopening = drivers.map((driver) => driver.reopening ?? driver);
  await fill(clients, { name: 'nginx, 502', restart, port: plain.port }, reopening);
  await plain.stop();
}

async function behind(name: (typeof PROXIES)[number]): Promise<void> {
  const version = proxyVersion(name);
  if (version === undefined) {
    console.log(`There is no ${name} here: its configuration was not tried.`);
    return;
  }
  try {
    const proxy = await startProxy(name, service.port);
    const { port } = proxy;
    await fill(proxies, { name: 'follow', port }, STRICT, version);
    for (const restart of ['SIGTERM', 'SIGKILL'] as const)
      await fill(proxies, { name: restart, restart, port }, STRICT, version);
    proxies.put(version, 'upload', await uploadThrough(port));
    await proxy.stop();
  } catch (error) {
    failure(version, error);
    proxies.put(version, 'started', 'FAILED');
  }
}
