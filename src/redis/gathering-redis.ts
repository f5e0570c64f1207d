import { Redis } from 'ioredis';

/**
 * Commands that are sent within one turn of the event loop go to the server in one write: a system call for each costs
 * more than the command. Unlike ioredis's `enableAutoPipelining` it changes nothing else: each command is a command of
 * its own, with its own answer, error and time limit, and is written before the loop waits for anything.
 */
export class GatheringRedis extends Redis {
  override sendCommand(...args: Parameters<Redis['sendCommand']>): unknown {
    const socket = this.status === 'ready' ? this.stream : undefined;
    if (socket && socket.writableCorked === 0) {
      socket.cork();
      // Of this very socket: the connection may have another one by then.
      setImmediate(() => {
        socket.uncork();
      });
    }
    return super.sendCommand(...args);
  }
}
