import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, realpath } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { dirname, extname, join, resolve } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { distrust, delay, timeLimit } from '../../common/index.js';
import { EmbeddedRedisError } from './embedded-redis-error.js';
import { lockHolder } from './exclusive-lock.js';
import { decodeMessage, type GuardianMessage, type GuardianSettings } from './lease-protocol.js';
import { locateServerBinary, PROJECT_DIR } from './server-binary.js';
import { socketPaths } from './socket-paths.js';

const DEFAULT_DATA_DIR = join('.data', 'redis');
const RENEWAL_DELAY_MS = 1_000;
/** A little longer than the guardian gives Redis. */
const STOP_TIMEOUT_MS = 35_000;

export interface EmbeddedRedisOptions {
  /** Where the append-only file lies. Default: `.data/redis` in the current directory. */
  dataDir?: string;
  /** How long a start may take, the reading of a large file included, in milliseconds. Default: 60 000. */
  startTimeoutMs?: number;
  /** Told when the server or its guardian ended by itself and is started again. Default: nobody. */
  log?: (message: string) => void;
  /** The program of the guardian, for tests that have it compiled. Default: the one beside this file. */
  guardian?: string;
}

/**
 * A Redis server for development: private to this user, on a Unix socket, with its data on disk. All processes that
 * name one data folder share one server; it stops when the last of them has called `stop()` or died. It is no child of
 * this process and has a session of its own: Ctrl-C does not reach it.
 */
export class EmbeddedRedis {
  private readonly stopping = new AbortController();
  private lease!: Socket;
  private keeping!: Promise<void>;

  private constructor(
    private readonly settings: GuardianSettings,
    private readonly options: EmbeddedRedisOptions,
  ) {}

  /** Resolves when the server answers commands. */
  static async start(options: EmbeddedRedisOptions = {}): Promise<EmbeddedRedis> {
    const dataDir = await ownFolder(options.dataDir);
    const binary = await locateServerBinary();
    const redis = new EmbeddedRedis({ dataDir, binary, sockets: await socketPaths(dataDir) }, options);
    redis.lease = await redis.takeLease();
    redis.keeping = redis.keepLease();
    return redis;
  }

  /** The path of the server's socket, as ioredis takes it in place of a URL. */
  get url(): string {
    return this.settings.sockets.redis;
  }

  /** Gives the server up; the last one to do so waits until it has stopped. Call it after everything that uses it. */
  async stop(): Promise<void> {
    if (!this.isStopping) {
      this.stopping.abort();
      const impatient = setTimeout(() => this.lease.destroy(), STOP_TIMEOUT_MS);
      this.lease.ref().end();
      await closed(this.lease);
      clearTimeout(impatient);
    }
    await this.keeping;
  }

  private async takeLease(): Promise<Socket> {
    const deadline = timeLimit(this.options.startTimeoutMs ?? 60_000);
    let starter: Writable | undefined;
    try {
      while (!deadline.aborted) {
        const socket = await connected(this.settings.sockets.lease);
        if (!socket) {
          starter?.destroy();
          starter = await startGuardian(this.settings, this.options.guardian ?? GUARDIAN, deadline);
        } else if (await this.isGranted(socket, deadline)) {
          socket.unref();
          return socket;
        }
      }
    } finally {
      starter?.destroy();
    }
    const { dataDir } = this.settings;
    const holder = await lockHolder(dataDir);
    const who = holder !== undefined && isAlive(holder) ? `process ${holder}, which holds ${dataDir}` : 'it';
    throw new EmbeddedRedisError(
      `no answer in time from ${who}. See redis.log and guardian.log in ${dataDir} for what it is doing; ` +
        'end it if it hangs, and start again',
    );
  }

  /** False when the guardian was about to leave: the next one has to be asked. */
  private async isGranted(socket: Socket, deadline: AbortSignal): Promise<boolean> {
    const lines = createInterface(socket);
    const first = await firstMessage(lines, deadline);
    if (first?.state === 'failed') throw new EmbeddedRedisError(first.message);
    if (first?.state !== 'ready') {
      socket.destroy();
      return false;
    }
    lines.on('line', (line) => {
      const message = decodeMessage(line);
      if (message.state === 'ready') this.options.log?.('The embedded Redis is back.');
      else this.options.log?.(`${message.message}: see redis.log in ${this.settings.dataDir}`);
    });
    return true;
  }

  /** A guardian that ended before its leases did takes nothing with it: another one takes over. */
  private async keepLease(): Promise<void> {
    await closed(this.lease);
    while (!this.isStopping) {
      this.options.log?.('The guardian of the embedded Redis ended; starting another one.');
      try {
        this.lease = await this.takeLease();
        // Given up while it was being renewed: then it goes in order, so that stop() waits for Redis to end.
        if (this.isStopping) this.lease.ref().end();
        await closed(this.lease);
      } catch (error) {
        if (this.isStopping) return;
        this.options.log?.(String(error));
        await delay(RENEWAL_DELAY_MS, { signal: this.stopping.signal, ref: false }).catch(() => undefined);
      }
    }
  }

  private get isStopping(): boolean {
    return this.stopping.signal.aborted;
  }
}

/**
 * What lies in a data folder decides what Redis loads, and who may write there could take the lock and the sockets. The
 * default is found in the current folder, which may be one that anybody can write to.
 */
async function ownFolder(named: string | undefined): Promise<string> {
  const wanted = resolve(named ?? DEFAULT_DATA_DIR);
  await mkdir(wanted, { recursive: true, mode: 0o700 });
  const dataDir = await realpath(wanted);
  for (const path of [...(named === undefined ? [dirname(wanted)] : []), wanted, dataDir]) {
    const doubt = distrust(path);
    if (doubt !== undefined) {
      throw new EmbeddedRedisError(`${doubt}. Its data folder must be your own: start in another folder`);
    }
  }
  return dataDir;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const GUARDIAN = fileURLToPath(new URL(`./guardian.main${extname(import.meta.url)}`, import.meta.url));

/** Resolves when leases are to be had, or when time is up. The answer is the pipe to the new guardian: a lease until it is closed. */
async function startGuardian(
  settings: GuardianSettings,
  entry: string,
  deadline: AbortSignal,
): Promise<Writable> {
  // From sources, as in tests, the guardian needs what turns them into JavaScript.
  const loader = entry.endsWith('.ts') ? ['--import', '@swc-node/register/esm-register'] : [];
  const log = openSync(join(settings.dataDir, 'guardian.log'), 'a', 0o600);
  const child = spawn(process.execPath, [...loader, entry, JSON.stringify(settings)], {
    // Packages are looked for in the project, not in whatever folder this process was started in.
    cwd: PROJECT_DIR,
    detached: true,
    stdio: ['pipe', 'pipe', log],
  });
  closeSync(log);
  child.unref();
  const { stdin, stdout } = child;
  if (!stdin || !stdout) throw new EmbeddedRedisError('its guardian has no pipes');
  stdin.on('error', () => undefined);
  child.on('error', () => undefined); // nobody listens then, and the start runs out of time
  const lines = createInterface(stdout);
  await Promise.race([once(lines, 'line', { signal: deadline }), once(lines, 'close')]).catch(
    () => undefined,
  );
  stdout.destroy();
  return stdin;
}

async function connected(path: string): Promise<Socket | undefined> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
  } catch {
    return undefined;
  }
  socket.on('error', () => undefined); // `close` follows
  return socket;
}

async function firstMessage(lines: Interface, deadline: AbortSignal): Promise<GuardianMessage | undefined> {
  const first = once(lines, 'line', { signal: deadline }).then(([line]) => decodeMessage(String(line)));
  return Promise.race([first, once(lines, 'close').then(() => undefined)]).catch(() => undefined);
}

async function closed(socket: Socket): Promise<void> {
  if (!socket.closed) await once(socket, 'close').catch(() => undefined);
}
