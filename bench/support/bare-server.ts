import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';

/**
 * The comparison: takes what is posted to /<n> and writes it to whoever reads /<n>, at once and from memory. NDJSON
 * is passed on line by line.
 */
const watchers = new Map<string, ServerResponse>();

const server = createServer((request, response) => {
  const path = request.url ?? '';
  if (request.method === 'GET') {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.flushHeaders();
    watchers.set(path, response);
    return;
  }
  const frame = (json: string): void => {
    watchers.get(path)?.write(`data: ${json}\n\n`);
  };
  const answer = (): void => {
    response.writeHead(201, { 'Content-Type': 'application/json' });
    response.end('{}');
  };
  if (request.headers['content-type'] === 'application/x-ndjson') {
    createInterface(request).on('line', frame).once('close', answer);
    return;
  }
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    frame(Buffer.concat(chunks).toString());
    answer();
  });
});

process.once('SIGTERM', () => process.exit(0));
process.stdin.resume().once('end', () => process.exit(0));
server.listen(0, '127.0.0.1', () => {
  console.log(`Serving on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
