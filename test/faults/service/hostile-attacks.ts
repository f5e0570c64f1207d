import { connect } from 'node:net';
import { constants, setPriority } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { request } from '../../hostile/raw-connection.js';

const JSON_TYPE = { 'Content-Type': 'application/json' };

/** Whom, and as whom. */
export interface Target {
  url: string;
  key: { headers: Readonly<Record<string, string>> };
  run: string;
}

const BOMB = gzipSync(`[${'0,'.repeat(4_000_000)}0]`);

/** Sends on a connection of its own and closes it after a while, whatever came. */
async function send(
  target: Target,
  text: string | Buffer,
  holdMs: number,
  reads: 'all' | 'little' | 'nothing',
) {
  const { hostname, port } = new URL(target.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  socket.pause();
  if (reads === 'all') socket.resume();
  const sipping = reads === 'little' ? setInterval(() => void socket.read(1024), 500) : undefined;
  socket.write(text);
  await delay(holdMs);
  clearInterval(sipping);
  socket.destroy();
}

const many = (count: number, work: () => Promise<unknown>) =>
  Promise.all(Array.from({ length: count }, work));
const get = (target: Target, path: string) => request(`GET ${path}`, target.key.headers);

/** Each is repeated for as long as the load lasts. */
const ATTACKS: readonly ((target: Target) => Promise<unknown>)[] = [
  // Pipelining, within what a connection may have and beyond.
  (t) => many(10, () => send(t, request('GET /docs-json').repeat(16), 300, 'nothing')),
  (t) => send(t, request('GET /docs-json').repeat(800), 300, 'nothing'),
  // Large pages that nobody takes, or slowly.
  (t) => many(30, () => send(t, get(t, `/runs/${t.run}/events?limit=10000`), 5000, 'nothing')),
  (t) => many(5, () => send(t, get(t, `/runs/${t.run}/events?limit=10000`), 5000, 'little')),
  // Filtered reads, hung up.
  (t) => many(20, () => send(t, get(t, `/runs/${t.run}/events?type=log.stdout&limit=1`), 100, 'all')),
  // Watchers that catch up from the beginning.
  (t) => many(70, () => send(t, get(t, `/runs/${t.run}/events/stream`), 4000, 'all')),
  (t) => many(30, () => send(t, get(t, `/runs/${t.run}/events/stream`), 4000, 'nothing')),
  // Waits.
  (t) => many(500, () => send(t, get(t, `/runs/${t.run}?wait_seconds=60`), 10_000, 'all')),
  // Bodies that come slowly, with a credential and without.
  (t) => many(100, () => send(t, slowBody(t, '/runs'), 8000, 'all')),
  (t) =>
    many(100, () =>
      send(t, request('POST /session', { ...JSON_TYPE, 'Content-Length': '1000' }), 8000, 'all'),
    ),
  // Bombs.
  (t) => many(3, () => send(t, bomb('/session', {}), 300, 'all')),
  (t) => many(2, () => send(t, bomb(`/runs/${t.run}/events`, t.key.headers), 500, 'all')),
  // Big lists.
  (t) => many(10, () => send(t, get(t, '/runs?limit=1000'), 200, 'all')),
];

function slowBody({ key }: Target, path: string): string {
  return `${request(`POST ${path}`, { ...JSON_TYPE, ...key.headers, 'Content-Length': '1000000' })}{`;
}

function bomb(path: string, headers: Readonly<Record<string, string>>): Buffer {
  const head = request(`POST ${path}`, {
    ...JSON_TYPE,
    ...headers,
    'Content-Encoding': 'gzip',
    'Content-Length': String(BOMB.length),
  });
  return Buffer.concat([Buffer.from(head), BOMB]);
}

async function repeat(attack: (target: Target) => Promise<unknown>, target: Target): Promise<never> {
  for (;;) {
    await attack(target);
    await delay(100);
  }
}

// On a machine of its own it would take no processor from the service.
setPriority(constants.priority.PRIORITY_LOW);
const target = JSON.parse(process.argv[2] ?? '') as Target;
for (const attack of ATTACKS) void repeat(attack, target);
