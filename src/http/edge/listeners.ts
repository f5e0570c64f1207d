import { type ChildProcess, type SendHandle, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { timeLimit } from '../../common/index.js';

/**
 * Connections that may wait to be taken. Node's own 511 are full in a burst, and whoever finds them full is not told:
 * their system tries again after one second, then two, then four. Linux takes no more than net.core.somaxconn (4096).
 */
export const BACKLOG = 4096;

/** The copies are there in a tenth of a second; a process that is too busy for that has them later. */
const COPIED_WITHIN_MS = 30_000;

/** A program that sends back whatever handle it gets. */
const SEND_BACK = `process.on('message', (message, handle) => process.send(message, handle));`;

/**
 * More listeners of the port that a server listens on.
 *
 * Node takes one new connection per listener in each turn of its event loop (libuv since 1.45). With turns of 10 ms that
 * is a hundred a second: whoever opens more than that leaves everybody else's connections waiting, however little is
 * asked on them. All listeners share one socket and one queue.
 */
export class Listeners {
  private readonly copies: Server[] = [];
  private child: ChildProcess | undefined;
  private isClosed = false;

  /** @param server listens already, and not in a worker of a cluster */
  constructor(private readonly server: HttpServer) {}

  /**
   * Adds so many, as well as it can: without them the server serves as it did.
   *
   * A descriptor is copied by sending it to another process, and Node offers no other way; so it comes from a child that
   * sends back what it gets, and ends.
   */
  async add(count: number): Promise<void> {
    const { _handle: handle } = this.server as unknown as { _handle?: SendHandle };
    if (!handle || count < 1 || this.isClosed) return;
    const child = spawn(process.execPath, ['-e', SEND_BACK], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.child = child;
    // Of the channel, too, when it is killed meanwhile.
    child.on('error', () => undefined);
    try {
      const signal = timeLimit(COPIED_WITHIN_MS);
      child.on('message', (_, copy: SendHandle) => {
        this.listen(copy);
        if (this.copies.length === count) child.kill();
      });
      await once(child, 'spawn', { signal });
      for (let n = 0; n < count; n++) child.send(n, handle);
      await once(child, 'exit', { signal });
    } finally {
      child.kill('SIGKILL');
      this.child = undefined;
    }
  }

  /** Takes no more connections from now on. Resolves once those that were taken are closed. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.child?.kill('SIGKILL');
    const copies = this.copies.splice(0).filter(({ listening }) => listening);
    const closed = copies.map((copy) => once(copy, 'close'));
    for (const copy of copies) copy.close();
    await Promise.all(closed);
  }

  private listen(handle: SendHandle): void {
    // As Node's server of HTTP makes its sockets.
    const copy = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.server.emit('connection', socket);
    });
    // Then it does not listen, and the others do.
    copy.on('error', () => undefined);
    copy.listen(handle, BACKLOG);
    // What was on its way when this was closed.
    if (this.isClosed) copy.close();
    else this.copies.push(copy);
  }
}
