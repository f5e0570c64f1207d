import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A reverse proxy that serves what is at `url` below a prefix, which it cuts off. */
export interface PrefixProxy {
  /** With the prefix, without a slash at its end. */
  readonly url: string;
  close(): Promise<void>;
}

export async function startPrefixProxy(url: string, prefix: string): Promise<PrefixProxy> {
  const server = createServer((asked, answer) => {
    const path = asked.url ?? '';
    if (!path.startsWith(`${prefix}/`)) return void answer.writeHead(404).end();
    const { method, headers } = asked;
    const forwarded = request(new URL(path.slice(prefix.length), url), { method, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    forwarded.on('error', () => answer.destroy());
    answer.on('close', () => forwarded.destroy());
    asked.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${prefix}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
