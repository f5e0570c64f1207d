import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A line between a client and a server that a test can disturb. */
export interface TcpProxy {
  readonly port: number;
  /** Drops what the server answers from now on, on connections that there are: requests still reach it. */
  swallowAnswers(): void;
  /** Breaks every connection. New ones pass. */
  cut(): void;
  /** Breaks every connection, and new ones too until it is called with `false`. */
  refuse(isRefusing: boolean): void;
  /** Bytes that clients have sent since the last look. */
  takeSent(): string;
  close(): Promise<void>;
}

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const pairs = new Set<{ client: Socket; server: Socket; swallow: boolean }>();
  let sent = '';
  let isRefusing = false;
  const listener = createServer((client) => {
    if (isRefusing) {
      client.destroy();
      return;
    }
    const server = connect(targetPort, '127.0.0.1');
    const pair = { client, server, swallow: false };
    pairs.add(pair);
    client.on('data', (chunk: Buffer) => {
      sent += chunk.toString('latin1');
      server.write(chunk);
    });
    server.on('data', (chunk: Buffer) => {
      if (!pair.swallow) client.write(chunk);
    });
    for (const socket of [client, server]) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        pairs.delete(pair);
        client.destroy();
        server.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const cut = (): void => {
    for (const { client, server } of pairs) {
      client.destroy();
      server.destroy();
    }
  };
  return {
    port: (listener.address() as AddressInfo).port,
    swallowAnswers: () => {
      for (const pair of pairs) pair.swallow = true;
    },
    cut,
    refuse: (yes) => {
      isRefusing = yes;
      if (yes) cut();
    },
    takeSent: () => {
      const taken = sent;
      sent = '';
      return taken;
    },
    close: async () => {
      const closed = once(listener, 'close');
      listener.close();
      cut();
      await closed;
    },
  };
}
