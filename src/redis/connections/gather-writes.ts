import type { Redis } from 'ioredis';

/**
 * From here on commands that are sent within one turn of the event loop go to the server in one write: a system call for
 * each costs more than the command. Unlike ioredis's `enableAutoPipelining` it changes nothing else: each command is a
 * command of its own, with its own answer, error and time limit, and is written before the loop waits for anything.
 */
export function gatherWrites(connection: Redis): void {
  const send = connection.sendCommand.bind(connection);
  connection.sendCommand = (...args) => {
    const socket = connection.status === 'ready' ? connection.stream : undefined;
    if (socket && socket.writableCorked === 0) {
      socket.cork();
      // Of this very socket: the connection may have another one by then.
      setImmediate(() => {
        socket.uncork();
      });
    }
    return send(...args);
  };
}
