import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { SseParser, type SseFrame } from '../conformance/sse-parser.js';
import { ChunkedBody } from './chunked-body.js';

/**
 * A watcher down at its socket, for what an HTTP client does not do: reading a little, reading nothing, vanishing
 * half-way. It reads nothing unless it is told to.
 */
export class RawWatcher {
  readonly closed: Promise<unknown>;
  /** What was read so far, as frames. */
  readonly frames: SseFrame[] = [];
  /** Bytes read so far. */
  received = 0;
  private readonly body: ChunkedBody;

  /** Connects and sends the request. */
  static async open(serviceUrl: string, runId: string): Promise<RawWatcher> {
    const { hostname, port, host } = new URL(serviceUrl);
    const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
    socket.pause();
    await once(socket, 'connect');
    socket.write(
      `GET /runs/${runId}/events/stream HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\n\r\n`,
    );
    return new RawWatcher(socket);
  }

  private constructor(readonly socket: Socket) {
    socket.on('error', () => undefined); // a server that has had enough resets the connection
    this.closed = new Promise((resolve) => socket.once('close', resolve));
    const parser = new SseParser((item) => {
      if (item.kind === 'frame') this.frames.push(item);
    });
    this.body = new ChunkedBody((bytes) => {
      parser.push(bytes);
    });
  }

  get events(): { sequence: number }[] {
    return this.frames
      .filter(({ event }) => event !== 'close')
      .map(({ data }) => JSON.parse(data) as { sequence: number });
  }

  /** Reads up to `bytes`, waiting for the first of them; false when there is no more to come. */
  async read(bytes: number): Promise<boolean> {
    for (;;) {
      const available = Math.min(bytes, this.socket.readableLength);
      const chunk = available > 0 ? (this.socket.read(available) as Buffer | null) : null;
      if (chunk) {
        this.received += chunk.length;
        this.body.push(chunk);
        return true;
      }
      if (this.socket.readableEnded || this.socket.destroyed) return false;
      // It fetches nothing from the system unless asked to.
      this.socket.read(0);
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          for (const name of ['readable', 'end', 'close']) this.socket.off(name, wake);
          resolve();
        };
        for (const name of ['readable', 'end', 'close']) this.socket.on(name, wake);
      });
    }
  }

  /** Goes without a word and without reading what is still to come. */
  destroy(): void {
    this.socket.destroy();
  }
}
