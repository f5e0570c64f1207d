import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rename } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { delay } from '../../common/index.js';
import type { GuardianSettings } from './lease-protocol.js';

/** How long a Redis may leave a PING unanswered before it counts as hung. */
const ANSWER_TIMEOUT_MS = 5_000;
const READY_POLL_MS = 15;
/** Redis writes its last bytes and leaves within milliseconds; a disk that hangs is not waited for without end. */
const STOP_TIMEOUT_MS = 30_000;

/** One life of the embedded server. */
export class RedisProcess {
  private constructor(private readonly child: ChildProcess) {}

  /** Resolves once the server answers commands. An abort ends it, and is an error like any other failure. */
  static async start(settings: GuardianSettings, signal: AbortSignal): Promise<RedisProcess> {
    await retirePredecessor(settings.sockets.redis);
    const logFile = join(settings.dataDir, 'redis.log');
    await rename(logFile, `${logFile}.old`).catch(() => undefined);
    const child = spawn(settings.binary.command, serverArguments(settings, logFile), {
      env: settings.binary.env,
      stdio: 'ignore',
    });
    const failed = once(child, 'error').then(([error]) => String(error));
    const redis = new RedisProcess(child);
    try {
      while (!(await answers(settings.sockets.redis))) {
        if (redis.ended) throw new Error(`Redis ended while starting. ${await lastLines(logFile)}`);
        if (child.pid === undefined) throw new Error(await failed);
        await delay(READY_POLL_MS, { signal });
      }
      return redis;
    } catch (error) {
      await redis.stop();
      throw error;
    }
  }

  /** Resolves with the reason when the server has ended. */
  async exit(): Promise<string> {
    if (!this.ended) await once(this.child, 'exit');
    return this.child.signalCode ?? `code ${this.child.exitCode}`;
  }

  async stop(): Promise<void> {
    if (this.ended || this.child.pid === undefined) return;
    const impatient = setTimeout(() => this.child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    this.child.kill('SIGTERM');
    await this.exit();
    clearTimeout(impatient);
  }

  private get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }
}

function serverArguments({ dataDir, sockets }: GuardianSettings, logFile: string): string[] {
  const settings = {
    port: '0',
    unixsocket: sockets.redis,
    unixsocketperm: '700',
    dir: dataDir,
    logfile: logFile,
    daemonize: 'no',
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '',
    'maxmemory-policy': 'noeviction',
  };
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
}

/**
 * A guardian that was killed leaves its server behind with the append-only file open. Two servers on one file destroy
 * it, so the old one has to be gone first; those who use it connect again to its successor.
 */
async function retirePredecessor(socketPath: string): Promise<void> {
  const answer = await ask(socketPath, 'PING');
  if (answer === undefined) return;
  // It hangs up without an answer once its file is on the disk.
  if (answer !== 'timeout' && (await ask(socketPath, 'SHUTDOWN NOSAVE')) === '') return;
  throw new Error(
    `An earlier Redis at ${socketPath} neither answers nor ends. Find it with \`pgrep -af redis-server\`, end it with \`kill -9\` and start again.`,
  );
}

async function answers(socketPath: string): Promise<boolean> {
  return (await ask(socketPath, 'PING'))?.startsWith('+PONG') ?? false;
}

/** The answer's first bytes; empty when the server hung up without one; undefined when nobody listens. */
async function ask(socketPath: string, command: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    let connected = false;
    const timer = setTimeout(() => {
      settle('timeout');
    }, ANSWER_TIMEOUT_MS);
    function settle(answer: string | undefined): void {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    }
    socket.once('connect', () => {
      connected = true;
      socket.write(`${command}\r\n`);
    });
    socket.once('data', (bytes) => {
      settle(bytes.toString('latin1'));
    });
    socket.once('error', () => undefined);
    socket.once('close', () => {
      settle(connected ? '' : undefined);
    });
  });
}

async function lastLines(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.trim().split('\n').slice(-3).join(' | ');
}
