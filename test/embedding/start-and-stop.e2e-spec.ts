import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  Controller,
  Get,
  Injectable,
  Logger,
  type MiddlewareConsumer,
  Module,
  RequestMethod,
} from '@nestjs/common';
import { HttpAdapterHost, NestFactory } from '@nestjs/core';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { configureRunstream } from '../../src/configure-runstream.js';
import { Edge } from '../../src/http/index.js';
import { Runstream } from '../../src/runs/index.js';
import { RunstreamModule } from '../../src/runstream.module.js';
import { eventually } from '../support/eventually.js';
import { testRedisUrl } from '../support/redis.js';
import { ask, type Host, startHost } from './host.js';

let host: Host | undefined;
afterEach(async () => {
  await host?.close();
  host = undefined;
});

@Controller('runs')
class OwnRunsController {
  @Get(':anything')
  one() {
    return { own: true };
  }
}

@Injectable()
class Orders {
  constructor(readonly runs: Runstream) {}
}

@Module({ providers: [Orders] })
class OrdersModule {}

const EVENT = '{"event":{"category":"llm","action":"stream"},"data":{}}\n';

async function upload(url: string, path: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n` +
      `${EVENT.length.toString(16)}\r\n${EVENT}\r\n`,
  );
  return socket;
}

describe('the start of an application with Runstream', () => {
  it('tells of a route of ours that the application takes first', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    try {
      host = await startHost({ before: [OwnRunsController] });
      const told = warn.mock.calls
        .map(([message]) => String(message))
        .filter((text) => text.includes('/runs'));
      expect(told).toEqual(
        ['/runs/counts', '/runs/:run_id'].map((path) =>
          expect.stringContaining(`GET ${path} of Runstream is never reached`),
        ),
      );
      expect((await ask(`${host.url}/runs/r0_x`)).body).toEqual({ own: true });
      // It passes nothing of ours either.
      expect((await ask(`${host.url}/runs/r0_x`)).headers.has('x-request-id')).toBe(false);
    } finally {
      warn.mockRestore();
    }
  });

  it('takes middleware that names a path and a method for what it is, and does not go past it', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const passed: string[] = [];
    @Module({})
    class LogsModule {
      configure(consumer: MiddlewareConsumer): void {
        consumer
          .apply((request: { method: string; url: string }, _response: unknown, next: () => void) => {
            passed.push(`${request.method} ${request.url}`);
            next();
          })
          .forRoutes(
            { path: '{/*splat}', method: RequestMethod.ALL },
            { path: 'runs', method: RequestMethod.POST },
          );
      }
    }
    try {
      host = await startHost({ imports: [LogsModule] });
      expect(
        warn.mock.calls.map(([text]) => String(text)).filter((text) => text.includes('reached')),
      ).toEqual([]);
      const { status, headers, body } = await ask(`${host.url}/runs`, { json: { task: 'x' } });
      expect([status, headers.has('x-request-id')]).toEqual([201, true]);
      const events = `/runs/${String(body['id'])}/events`;
      const event = { event: { category: 'llm', action: 'stream' }, data: {} };
      expect((await ask(host.url + events, { json: event })).status).toBe(201);
      expect((await ask(`${host.url}/orders`)).status).toBe(200);
      expect((await ask(`${host.url}/nothing`)).body).toMatchObject({ message: 'Cannot GET /nothing' });
      expect(new Set(passed)).toEqual(
        new Set(['POST /runs', `POST ${events}`, 'GET /orders', 'GET /nothing']),
      );
    } finally {
      warn.mockRestore();
    }
  });

  it('L16 is refused with another adapter than that of Express, in one sentence', () => {
    const adapter = { getType: () => 'fastify' };
    const adapterHost = new HttpAdapterHost();
    const make = () =>
      new Edge(
        adapterHost,
        undefined as never,
        undefined as never,
        undefined as never,
        undefined as never,
        {},
      );
    make();
    expect(() => {
      adapterHost.httpAdapter = adapter as never;
      make().onModuleInit();
    }).toThrow(/@nestjs\/platform-express.*fastify/);
  });

  it('L16 is refused in the same sentence by configureRunstream()', () => {
    const app = { getHttpAdapter: () => ({ getType: () => 'fastify' }) };
    expect(() => configureRunstream(app as never)).toThrow(/@nestjs\/platform-express.*fastify/);
  });

  it('L7 gives Runstream to every module, not only to that which imports RunstreamModule', async () => {
    host = await startHost({ imports: [OrdersModule] });
    const { runs } = host.app.get(Orders, { strict: false });
    const { id } = await runs.start({ task: 'x' });
    expect((await ask(`${host.url}/runs/${id}`)).status).toBe(200);
  });

  it('works where nothing is served', async () => {
    const context = await NestFactory.createApplicationContext(
      RunstreamModule.forRoot({ redis: { url: testRedisUrl() } }),
      { logger: false, abortOnError: false },
    );
    await context.close();
  });
});

describe('L12 the end of an application with Runstream', () => {
  it('does not wait for an upload, nor for a request that never ends', async () => {
    host = await startHost({
      runstream: { http: { shutdownTimeoutMs: 500, lingerMs: 600_000, bodyGraceMs: 600_000 } },
    });
    const { url } = host;
    const run = await ask(`${url}/runs`, { json: { task: 'x' } });
    const events = `/runs/${String(run.body['id'])}/events`;
    const socket = await upload(url, events);
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    await eventually('the event is there', async () => (await ask(url + events)).body['count'] === 2);
    // A body of which half comes; no other time limit ends it while the test runs.
    const half = connect(Number(new URL(url).port), '127.0.0.1');
    half.on('error', () => undefined);
    half.write(
      'POST /runs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"ta',
    );
    await once(half, 'connect');
    await Promise.all([host.close(), once(half, 'close')]);
    host = undefined;
    expect(answer).toMatch(/^HTTP\/1.1 503 /);
    socket.destroy();
  });
});
