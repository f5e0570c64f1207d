import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat, truncate } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { locateServerBinary } from '../../src/redis/embedded/server-binary.js';

export interface StartRedisOptions {
  /** Default: a free one. It stays the same over `restart()`. */
  port?: number;
  /** Keep an append-only file, so that data survives `kill()` and `restart()`. Default: false. */
  appendOnly?: boolean;
  /** When that file reaches the disk. Default: `always`: a kill loses nothing that was answered. */
  appendFsync?: 'always' | 'everysec' | 'no';
  /** More of the server's own arguments, like `['--maxmemory', '50mb']`. */
  args?: string[];
}

/** A Redis server of a test's own, on loopback, in a folder that goes when it stops. */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** Of the present process: another one after `restart()`. */
  readonly pid: number;
  /** Ends it in order and removes its files. */
  stop(): Promise<void>;
  /** Like a power cut. The files stay for `restart()`. */
  kill(): Promise<void>;
  /** Ends it in order if it still runs, then starts it on the same port and files. */
  restart(): Promise<void>;
  /** Of the file that keeps what is appended: how long it is now. With `appendOnly`, and until it is rewritten. */
  logBytes(): Promise<number>;
  /** Takes back what was written to that file last, while the server does not run: it is that long again. */
  takeBack(logBytes: number): Promise<void>;
  /** Removes all data, while the server does not run. */
  wipe(): Promise<void>;
  /** Freezes it (SIGSTOP): connections stay open and nothing is answered. */
  pause(): void;
  resume(): void;
}

/** Redis's own default. */
const DATABASES = 16;

/** How long tests wait for an answer of Redis. Those of outages wait for less: a busy machine is none. */
export const PATIENCE_MS = 15_000;

/**
 * The server that the whole test run shares; each of jest's workers has a database of it. Keep tests apart by key
 * prefix, tenant or run id: never flush it.
 */
export function testRedisUrl(): string {
  const url = process.env['TEST_REDIS_URL'];
  if (!url) throw new Error('There is no test Redis. Run this through jest, whose global set-up starts one.');
  // What is shared by all processes of a deployment (runs that wait for an executor, for one) is not by all tests.
  if (!URL.canParse(url)) return url;
  const named = new URL(url);
  if (named.pathname.length <= 1)
    named.pathname = `/${Number(process.env['JEST_WORKER_ID'] ?? 0) % DATABASES}`;
  return named.href;
}

export async function startRedis(options: StartRedisOptions = {}): Promise<RedisServer> {
  const dir = await mkdtemp(join(tmpdir(), 'runstream-test-redis-'));
  const port = options.port ?? (await freePort());
  const server = new ChildRedis(dir, port, options);
  try {
    await server.launch();
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

/** A port on loopback that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

class ChildRedis implements RedisServer {
  readonly url: string;
  private child: ChildProcess | undefined;

  constructor(
    private readonly dir: string,
    readonly port: number,
    private readonly options: StartRedisOptions,
  ) {
    this.url = `redis://127.0.0.1:${port}`;
  }

  get pid(): number {
    if (this.child?.pid === undefined) throw new Error('This Redis is not running. Call restart() first.');
    return this.child.pid;
  }

  async launch(): Promise<void> {
    const binary = await locateServerBinary();
    const { appendOnly = false, appendFsync = 'always', args = [] } = this.options;
    const child = spawn(
      binary.command,
      [
        ...['--bind', '127.0.0.1', '--port', String(this.port), '--dir', this.dir, '--save', ''],
        ...['--maxmemory-policy', 'noeviction', '--daemonize', 'no', '--logfile', ''],
        ...['--appendonly', appendOnly ? 'yes' : 'no', '--appendfsync', appendFsync, ...args],
      ],
      { env: binary.env ?? process.env, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    this.child = child;
    // A test process that ends without stopping its server must not leave it behind.
    const abandon = (): void => {
      child.kill('SIGKILL');
      rmSync(this.dir, { recursive: true, force: true });
    };
    process.once('exit', abandon);
    child.once('exit', () => process.off('exit', abandon));
    await ready(child);
  }

  async stop(): Promise<void> {
    await this.end('SIGTERM');
    await rm(this.dir, { recursive: true, force: true });
  }

  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  async restart(): Promise<void> {
    await this.end('SIGTERM');
    await this.launch();
  }

  async logBytes(): Promise<number> {
    return (await stat(await this.logFile())).size;
  }

  async takeBack(logBytes: number): Promise<void> {
    await truncate(await this.logFile(), logBytes);
  }

  async wipe(): Promise<void> {
    for (const name of await readdir(this.dir)) await rm(join(this.dir, name), { recursive: true });
  }

  pause(): void {
    process.kill(this.pid, 'SIGSTOP');
  }

  resume(): void {
    process.kill(this.pid, 'SIGCONT');
  }

  private async logFile(): Promise<string> {
    const folder = join(this.dir, 'appendonlydir');
    const files = (await readdir(folder)).filter((name) => name.endsWith('.incr.aof'));
    const [last] = files.sort().slice(-1);
    if (last === undefined)
      throw new Error('This Redis keeps no append-only file. Start it with `appendOnly`.');
    return join(folder, last);
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.child;
    this.child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    child.kill('SIGCONT'); // one that was paused would never get to the other signal
    await exited;
  }
}

async function ready(child: ChildProcess): Promise<void> {
  const output: string[] = [];
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => {
      reject(new Error(`Redis ended while starting:\n${output.join('\n')}`));
    });
    if (!child.stdout) return;
    // The reader stays for the server's whole life: a full pipe would block it.
    createInterface(child.stdout).on('line', (line) => {
      if (output.length < 100) output.push(line);
      if (line.includes('Ready to accept connections')) resolve();
    });
  });
}
