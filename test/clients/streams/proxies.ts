import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild } from '../../support/child.js';
import { eventually } from '../../support/eventually.js';
import { freePort } from '../../support/redis.js';
import { codeBlock } from './documents.js';
import { firstLineOf } from './programs.js';

/** What runs the configuration of docs/proxies.md that has its name. */
interface ProxyKind {
  /** Prints its version. */
  version: [command: string, ...args: string[]];
  /** Around the documented configuration: what a package of the system has in files of its own. */
  wrap?: (config: string, folder: string) => string;
  /** Files that the configuration names: the code block, and where it is said to be. */
  files?: Record<string, string>;
  command: (file: string, port: number, folder: string) => [command: string, ...args: string[]];
}

/** Those of Debian. */
const KINDS = {
  nginx: {
    version: ['sh', '-c', 'nginx -v 2>&1'],
    wrap: (config, folder) =>
      `daemon off;\npid ${folder}/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n` +
      ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
        .map((name) => `${name}_temp_path ${folder}/${name};\n`)
        .join('') +
      `${config}}\n`,
    command: (file, _, folder) => ['nginx', '-p', folder, '-c', file],
  },
  haproxy: {
    version: ['haproxy', '-v'],
    files: { 'haproxy-restarting': '/etc/haproxy/restarting.http' },
    command: (file) => ['haproxy', '-db', '-f', file],
  },
  apache: {
    version: ['apache2', '-v'],
    files: { 'apache-restarting': '/var/www/restarting/restarting.asis' },
    wrap: (config, folder) =>
      `ServerRoot ${folder}\nServerName localhost\nPidFile ${folder}/pid\nErrorLog ${folder}/log\nListen *:8080\n` +
      ['mpm_event', 'authz_core', 'proxy', 'proxy_http', 'headers', 'asis', 'mime']
        .map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so\n`)
        .join('') +
      `TypesConfig /dev/null\n${config}`,
    command: (file) => ['apache2', '-D', 'FOREGROUND', '-f', file],
  },
  caddy: {
    version: ['caddy', 'version'],
    wrap: (config, folder) =>
      `{\nadmin off\nauto_https off\nstorage file_system ${folder}/caddy\n}\n${config}`,
    command: (file) => ['caddy', 'run', '--adapter', 'caddyfile', '--config', file],
  },
  varnish: {
    version: ['sh', '-c', 'varnishd -V 2>&1'],
    command: (file, port, folder) => [
      ...(['varnishd', '-F', '-j', 'none', '-n', `${folder}/varnish`] as const),
      ...['-s', 'malloc,16m', '-a', `127.0.0.1:${port}`, '-f', file],
    ],
  },
} as const satisfies Record<string, ProxyKind>;

export type ProxyName = keyof typeof KINDS;

export const PROXIES = Object.keys(KINDS) as ProxyName[];

export interface Proxy {
  port: number;
  stop: () => Promise<void>;
}

/** The proxy with its version, or undefined where it is not installed. */
export function proxyVersion(name: ProxyName): string | undefined {
  const [command, ...args] = KINDS[name].version;
  const found = firstLineOf(command, args);
  return found === undefined ? undefined : `${name} ${/\d+(\.\d+)+/.exec(found)?.[0] ?? ''}`;
}

/**
 * Starts a proxy with its documented configuration, but for ports and folders.
 *
 * @param change what is to be otherwise in it
 */
export async function startProxy(
  name: ProxyName,
  servicePort: number,
  change: (config: string) => string = (config) => config,
): Promise<Proxy> {
  const kind: ProxyKind = KINDS[name];
  const folder = await mkdtemp(join(tmpdir(), `runstream-${name}-`));
  const port = await freePort();
  let config = change(codeBlock('proxies.md', name));
  config = kind.wrap?.(config, folder) ?? config;
  for (const [block, path] of Object.entries(kind.files ?? {})) {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), codeBlock('proxies.md', block));
    const named = name === 'apache' ? join(path, '..') : path;
    config = config.replaceAll(named, join(folder, named));
  }
  const file = join(folder, 'config');
  await writeFile(file, config.replaceAll('8080', String(port)).replaceAll('3000', String(servicePort)));
  const [command, ...args] = kind.command(file, port, folder);
  const child = startChild(command, args, { cwd: folder, env: { ...process.env, HOME: folder } });
  await eventually(`${name} listens`, async () => {
    if (child.process.exitCode !== null) throw new Error(`${name}: ${child.lines.join('\n')}`);
    return answers(port);
  });
  return {
    port,
    stop: async () => {
      child.process.kill('SIGTERM');
      await child.exit();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const outcome = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'close').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return outcome;
}
