import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A connection on which a test sends what it likes, and reads as much as it likes. */
export class RawConnection {
  /** What has come so far, as Latin-1. */
  received = '';
  readonly closed: Promise<unknown>;

  private constructor(readonly socket: Socket) {
    this.closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined);
  }

  /** @param reads whether it takes what comes; without it the server's writes have nowhere to go */
  static async open(url: string, { reads = true } = {}): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    const connection = new RawConnection(socket);
    if (reads) {
      socket.on('data', (chunk: Buffer) => (connection.received += chunk.toString('latin1')));
    } else {
      socket.pause();
    }
    return connection;
  }

  send(...requests: readonly string[]): void {
    this.socket.write(requests.join(''));
  }

  /** Closes it as a client does that has gone; what was sent before still arrives. */
  end(): void {
    this.socket.destroy();
  }

  /** Closes it with a reset, in the same turn. */
  reset(): void {
    this.socket.resetAndDestroy();
  }
}

/** A request as it is sent. */
export function request(line: string, headers: Readonly<Record<string, string>> = {}, body = ''): string {
  const all = {
    Host: 'localhost',
    ...headers,
    ...(body !== '' &&
      !('Content-Length' in headers) && { 'Content-Length': String(Buffer.byteLength(body)) }),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}
