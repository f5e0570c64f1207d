import { connect, type Socket } from 'node:net';

/** Milliseconds by a clock that all processes of the machine share. */
export function sharedNow(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

export async function connectTo(url: URL): Promise<Socket> {
  const socket = connect(Number(url.port), url.hostname);
  socket.setNoDelay(true);
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve).once('error', reject);
  });
  return socket;
}

export function requestHead(
  method: string,
  url: URL,
  headers: Readonly<Record<string, string>> = {},
): string {
  const lines = Object.entries({ Host: url.host, ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return `${method} ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** Asks for an event stream; with a body by POST. */
export function streamRequest(url: URL, body?: string): string {
  const accept = { Accept: 'text/event-stream' };
  if (body === undefined) return requestHead('GET', url, accept);
  const type = { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(body)) };
  return requestHead('POST', url, { ...accept, ...type }) + body;
}

/**
 * A kept-alive connection that sends one prepared request after the other: as little work as there can be, since the
 * load shares the machine with what is measured. Responses need a Content-Length.
 */
export class RawConnection {
  private received = '';
  private waiting: { resolve(answer: string): void; reject(error: Error): void } | undefined;

  private constructor(private readonly socket: Socket) {
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      this.received = this.received === '' ? chunk : this.received + chunk;
      this.deliver();
    });
    socket.on('error', (error) => this.waiting?.reject(error));
    socket.on('close', () => this.waiting?.reject(new Error('The server closed the connection.')));
  }

  static async open(url: URL): Promise<RawConnection> {
    return new RawConnection(await connectTo(url));
  }

  /** @returns the status line, headers and body */
  send(request: Buffer | string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.socket.write(request);
    });
  }

  close(): void {
    this.waiting = undefined;
    this.socket.destroy();
  }

  private deliver(): void {
    const headEnd = this.received.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const length = /\r\ncontent-length: (\d+)/i.exec(this.received)?.[1];
    const size = headEnd + 4 + Number(length ?? 0);
    if (this.received.length < size) return;
    const answer = this.received.slice(0, size);
    this.received = this.received.slice(size);
    this.waiting?.resolve(answer);
  }
}

/** @throws for any status but 200 and 201 */
export function assertOk(answer: string): void {
  if (!/^HTTP\/1\.1 20[01] /.test(answer)) throw new Error(`The server answered ${answer.slice(0, 600)}`);
}
