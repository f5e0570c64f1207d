import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type Socket } from 'node:net';
import { eventually } from '../support/eventually.js';
import { testRedisUrl } from '../support/redis.js';
import { type Service, startService } from '../support/service.js';

const JSON_TYPE = { 'Content-Type': 'application/json' };

describe('An instance with as much to do as it takes on', () => {
  let service: Service;
  let run: string;
  const open: Socket[] = [];

  beforeAll(async () => {
    service = await startService({
      REDIS_URL: testRedisUrl(),
      MAX_OPEN_STREAMS: '2',
      MAX_PENDING_REQUESTS: '2',
      MAX_PENDING_BYTES: '4096',
      MAX_UPLOADS: '1',
      MAX_SHARE_PERCENT: '100',
      MAX_EVENT_LOOP_DELAY_MS: '0',
    });
    const created = await fetch(`${service.url}/runs`, {
      method: 'POST',
      headers: JSON_TYPE,
      body: '{"task":"overload"}',
    });
    run = ((await created.json()) as { id: string }).id;
  });
  afterEach(() => {
    for (const socket of open.splice(0)) socket.destroy();
  });
  afterAll(async () => {
    await service.stop();
  });

  /** Begins a request and keeps it unfinished. */
  const begin = (head: string, body = ''): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(service.url);
      const socket = connect(Number(port), hostname, () => {
        socket.write(`${head}\r\nHost: localhost\r\n\r\n${body}`);
        resolve(socket);
      });
      socket.on('error', reject);
      open.push(socket);
    });
  const post = (body: string, type = 'application/json') =>
    fetch(`${service.url}/runs/${run}/events`, { method: 'POST', headers: { 'Content-Type': type }, body });
  const event = (content = '') =>
    JSON.stringify({ event: { category: 'llm', action: 'stream' }, data: { content } });
  const expectRefusal = async (response: Response) => {
    expect(response.status).toBe(503);
    expect(Number(response.headers.get('Retry-After'))).toBeGreaterThan(0);
    expect(await response.json()).toMatchObject({ code: 'OVERLOADED' });
  };
  const metric = async (name: string, bound: string) => {
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    return Number(new RegExp(`^${name}\\{bound="${bound}"\\} (\\d+)`, 'm').exec(metrics)?.[1]);
  };
  const refusals = (bound: string) => metric('runstream_refused_total', bound);
  const inUse = (bound: string, amount: number) =>
    eventually(
      `${amount} ${bound} are in use`,
      async () => (await metric('runstream_in_use', bound)) === amount,
    );
  const isServedAgain = (ask: () => Promise<Response>) =>
    eventually('it is served again', async () => {
      const response = await ask();
      await response.body?.cancel();
      return response.status < 300;
    });

  it('opens no further stream, and sends a watcher that returns away with its cursor', async () => {
    const stream = `/runs/${run}/events/stream`;
    const watch = (headers: Record<string, string> = {}) => fetch(service.url + stream, { headers });
    const first = await watch();
    const second = await watch();
    await expectRefusal(await watch());
    const returning = await watch({ 'Last-Event-ID': '1-1' });
    expect(returning.status).toBe(200);
    expect(await returning.text()).toMatch(/^retry: \d{4,}\nevent: cursor\ndata: \{\}\nid: 1-1\n\n$/);
    expect(await refusals('streams')).toBe(2);
    // What is open goes on, and so does everything else.
    expect((await post(event())).status).toBe(201);
    await second.body?.cancel();
    await isServedAgain(watch);
    await first.body?.cancel();
  });

  it('takes no further request, and answers what it was asked for about its health', async () => {
    await inUse('requests', 0);
    const head = `POST /runs/${run}/events HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 100`;
    await begin(head, '{');
    await begin(head, '{');
    await inUse('requests', 2);
    await expectRefusal(await post(event()));
    expect((await fetch(`${service.url}/health/ready`)).status).toBe(200);
    for (const socket of open.splice(0)) socket.destroy();
    await isServedAgain(() => post(event()));
  });

  it('holds no more bytes of bodies than it may', async () => {
    const head = `POST /runs/${run}/events HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 4000`;
    await begin(head, 'x'.repeat(3500));
    await inUse('bytes', 3500);
    await expectRefusal(await post(event('y'.repeat(700))));
    expect((await post(event())).status).toBe(201);
    expect(await refusals('bytes')).toBe(1);
    for (const socket of open.splice(0)) socket.destroy();
    await isServedAgain(() => post(event('y'.repeat(700))));
  });

  it('counts the unfinished line of an upload among them, and says where it was refused', async () => {
    const head = `POST /runs/${run}/events HTTP/1.1\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked`;
    const line = `${event()}\n`;
    const upload = await begin(head, `${line.length.toString(16)}\r\n${line}\r\n`);
    let answer = '';
    upload.on('data', (chunk: Buffer) => (answer += String(chunk)));
    upload.write(`bb8\r\n${'x'.repeat(3000)}\r\n`);
    await inUse('bytes', 3000);
    upload.write(`bb8\r\n${'x'.repeat(3000)}\r\n`);
    await eventually('it is refused', () => answer.includes('OVERLOADED'));
    expect(answer).toMatch(/^HTTP\/1\.1 503 /);
    expect(answer).toMatch(/"line":2,"count":1/);
    upload.destroy();
    await inUse('bytes', 0);
  });

  it('takes up no further upload', async () => {
    const lines = () => post(`${event()}\n`, 'application/x-ndjson');
    await begin(
      `POST /runs/${run}/events HTTP/1.1\r\nContent-Type: application/x-ndjson\r\nContent-Length: 100`,
      '{',
    );
    await inUse('uploads', 1);
    await expectRefusal(await lines());
    for (const socket of open.splice(0)) socket.destroy();
    await isServedAgain(lines);
  });
});
