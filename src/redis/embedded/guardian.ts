import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { delay } from '../../common/index.js';
import { tryLock } from './exclusive-lock.js';
import { encodeMessage, type GuardianMessage, type GuardianSettings } from './lease-protocol.js';
import { RedisProcess } from './redis-process.js';

const ELECTION_POLL_MS = 30;
const MAX_FAILURES_IN_A_ROW = 5;
const RESTART_DELAY_MS = 200;

/**
 * Owns the Redis of one data folder in a process of its own, so that neither Ctrl-C nor the death of a service takes
 * Redis down under those who still use it. Each user holds one connection, its lease; the kernel closes it when the
 * user dies. With the last lease the guardian stops Redis and leaves.
 *
 *     (started) ──lock taken, somebody listens──► leave
 *         │ lock
 *         ▼
 *     listening ──► Redis starts ──► ready ──last lease gone──► Redis stops ──► leave
 *                        ▲             │
 *                        └─Redis died──┘
 */
export class Guardian {
  private readonly leases = new Set<Readable>();
  private readonly sockets = new Set<Socket>();
  private readonly leaving = new AbortController();
  private greeting: GuardianMessage | undefined;

  constructor(private readonly settings: GuardianSettings) {}

  /**
   * Resolves when there is nothing more to guard. The starter's pipe is the first lease, so that one that dies while
   * Redis starts leaves nothing behind; `listening` is called when leases are to be had, here or from another guardian.
   */
  async run(starter: Readable, listening: () => void): Promise<void> {
    this.addLease(starter);
    const lock = await this.elect();
    if (!lock) {
      listening();
      return;
    }
    try {
      await this.listen();
      listening();
      await this.guard();
    } finally {
      for (const socket of this.sockets) socket.end();
      lock.release();
    }
  }

  /** Stops Redis and leaves, whoever still holds a lease. */
  leave(): void {
    this.leaving.abort();
  }

  private async elect(): ReturnType<typeof tryLock> {
    while (!this.isLeaving) {
      const lock = await tryLock(this.settings.dataDir);
      if (lock) return lock;
      if (await isListening(this.settings.sockets.lease)) return undefined;
      await delay(ELECTION_POLL_MS);
    }
    return undefined;
  }

  private async listen(): Promise<void> {
    // With the lock in hand, a socket file that is still there belongs to the dead.
    await rm(this.settings.sockets.lease, { force: true });
    // Half-open, so that the last one to go hears when Redis has stopped.
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      this.welcome(socket);
    });
    await once(server.listen(this.settings.sockets.lease), 'listening');
    // A newcomer then finds nobody, and starts the next guardian, which waits for the lock.
    this.leaving.signal.addEventListener('abort', () => void server.close());
  }

  private welcome(socket: Socket): void {
    if (this.isLeaving) {
      socket.destroy();
      return;
    }
    this.sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.sockets.delete(socket));
    socket.once('end', () => {
      if (!this.isLeaving) socket.end();
    });
    this.addLease(socket);
    if (this.greeting) socket.write(encodeMessage(this.greeting));
  }

  private addLease(lease: Readable): void {
    this.leases.add(lease);
    const drop = (): void => {
      this.leases.delete(lease);
      if (this.leases.size === 0) this.leaving.abort();
    };
    // Before any other listener: whether this was the last one decides how the others go.
    lease.prependOnceListener('end', drop);
    lease.once('close', drop);
    lease.resume();
  }

  private async guard(): Promise<void> {
    const left = once(this.leaving.signal, 'abort').then(() => undefined);
    // What never started will not start the next time either; what ran before deserves some patience.
    let patience = 1;
    let failures = 0;
    while (!this.isLeaving) {
      try {
        const redis = await RedisProcess.start(this.settings, this.leaving.signal);
        failures = 0;
        patience = MAX_FAILURES_IN_A_ROW;
        this.tell({ state: 'ready' });
        const reason = await Promise.race([redis.exit(), left]);
        await redis.stop();
        if (reason !== undefined) {
          this.tell({
            state: 'restarting',
            message: `The embedded Redis ended (${reason}) and is started again`,
          });
        }
      } catch (error) {
        failures += 1;
        if (failures >= patience) this.fail(error);
      }
      await delay(RESTART_DELAY_MS * (failures + 1), { signal: this.leaving.signal }).catch(() => undefined);
    }
  }

  private fail(error: unknown): void {
    this.tell({ state: 'failed', message: error instanceof Error ? error.message : String(error) });
    this.leave();
  }

  private get isLeaving(): boolean {
    return this.leaving.signal.aborted;
  }

  private tell(message: GuardianMessage): void {
    this.greeting = message.state === 'restarting' ? undefined : message;
    for (const socket of this.sockets) socket.write(encodeMessage(message));
  }
}

async function isListening(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
