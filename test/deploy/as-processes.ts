import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { locateServerBinary } from '../../src/redis/embedded/server-binary.js';
import { type Child, startChild } from '../support/child.js';
import { freePort } from '../support/redis.js';
import { type Compose, environmentOf, filled } from './compose-file.js';

/** The servers of a Compose file, as processes on loopback: their own commands, with other addresses and folders. */
export interface Servers {
  /** What the service is told, with addresses that are here. */
  readonly environment: Record<string, string>;
  /** Runs the commands of these, all at the same time. */
  start(names: readonly string[]): void;
  /** Runs one that ends, and gives its exit code. */
  finish(name: string): Promise<number | NodeJS.Signals>;
  kill(name: string): Promise<unknown>;
  /** All that was printed. */
  says(): string;
  stop(): Promise<void>;
}

export async function asProcesses({ services }: Compose): Promise<Servers> {
  const dir = await mkdtemp(join(tmpdir(), 'runstream-compose-'));
  const binary = await locateServerBinary();
  await mkdir(join(dir, 'bin'));
  // One program under two names, as in the image.
  for (const name of ['redis-server', 'redis-sentinel'])
    await symlink(binary.command, join(dir, 'bin', name));
  const path = [join(dir, 'bin'), dirname(binary.command), process.env['PATH']].join(delimiter);
  const ports = new Map<string, number>();
  const addresses: [string, string][] = [];
  for (const [name, { networks }] of Object.entries(services)) {
    if (name === 'runstream') continue;
    // A cluster's bus is ten thousand ports above.
    let port = await freePort();
    while (port > 55_000) port = await freePort();
    ports.set(name, port);
    await mkdir(join(dir, name));
    const ip = Array.isArray(networks) ? undefined : networks?.['nodes']?.ipv4_address;
    for (const host of [name, ip ?? name]) {
      for (const number of [6379, 26379]) {
        addresses.push(
          [`${host}:${number}`, `127.0.0.1:${port}`],
          [`${host} ${number}`, `127.0.0.1 ${port}`],
        );
        addresses.push([`-h ${host} -p ${number}`, `-h 127.0.0.1 -p ${port}`]);
      }
    }
  }
  const here = (text: string): string =>
    addresses.reduce((all, [there, instead]) => all.replaceAll(there, instead), text);
  const children = new Map<string, Child>();
  const run = (name: string): Child => {
    const service = services[name]!;
    const [program = '', ...args] = (service.command ?? []).map((part) =>
      here(filled(part))
        .replaceAll('/data', join(dir, name))
        .replaceAll('announce-ip $NAME', 'announce-ip 127.0.0.1')
        .replace(/(port )?\b(6379|26379)\b(?!\d)/, (_, word = '') => `${word}${ports.get(name)}`),
    );
    const env = { ...binary.env, ...environmentOf(service), PATH: path };
    const child = startChild(program, args, { env });
    children.set(name, child);
    return child;
  };
  return {
    environment: Object.fromEntries(
      Object.entries(environmentOf(services['runstream']!)).map(([name, value]) => [name, here(value)]),
    ),
    start: (names) => names.forEach(run),
    finish: (name) => run(name).exit(),
    kill(name) {
      children.get(name)?.process.kill('SIGKILL');
      return children.get(name)!.exit();
    },
    says: () =>
      [...children].map(([name, { lines }]) => `${name}:\n${lines.slice(-15).join('\n')}`).join('\n\n'),
    async stop() {
      for (const child of children.values()) child.process.kill('SIGKILL');
      await Promise.all([...children.values()].map((child) => child.exit()));
      await rm(dir, { recursive: true, force: true });
    },
  };
}
