import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { setLongInterval } from '../../common/index.js';

const PACE = {
  /** How often is looked. */
  lookMs: 1000,
  /** How long what was written may wait for its reader. */
  graceMs: 15_000,
  /** How fast it must be taken from then on. */
  bytesPerSecond: 32 * 1024,
};

const AT_OWN_PACE = Symbol('runstream.atOwnPace');
interface Paced extends Socket {
  [AT_OWN_PACE]?: boolean;
}

interface Waiting {
  bytes: number;
  /** When the socket must have taken them. */
  dueAt: number;
}

/**
 * Cuts connections whose peer takes its answers too slowly, or not at all: what was written is held in memory until
 * then. Event streams have a rule of their own (event-stream.ts).
 */
export function paceAnswers(server: Server, { lookMs, graceMs, bytesPerSecond } = PACE): void {
  const sockets = new Map<Paced, Waiting>();
  server.on('connection', (socket: Socket) => {
    sockets.set(socket, { bytes: 0, dueAt: 0 });
    socket.once('close', () => sockets.delete(socket));
  });
  const timer = setLongInterval(
    () => {
      const now = performance.now();
      for (const [socket, waiting] of sockets) {
        const bytes = socket[AT_OWN_PACE] ? 0 : socket.writableLength;
        if (bytes > 0 && waiting.bytes > 0 && now > waiting.dueAt) socket.destroy();
        // It has taken something, or more was written: what is there now has its own time.
        if (bytes !== waiting.bytes) {
          waiting.dueAt = now + graceMs + (bytes / bytesPerSecond) * 1000;
          waiting.bytes = bytes;
        }
      }
    },
    lookMs,
    { ref: false },
  );
  server.once('close', () => {
    timer.cancel();
  });
}

/** For a stream, which may be slow for as long as it likes, within bounds of its own. */
export function goAtOwnPace(socket: Socket): void {
  (socket as Paced)[AT_OWN_PACE] = true;
}
