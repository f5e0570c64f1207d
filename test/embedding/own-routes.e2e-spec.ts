import { afterEach, describe, expect, it } from '@jest/globals';
import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  HttpException,
  Param,
  ValidationPipe,
} from '@nestjs/common';
import type { Response } from 'express';
import { configureRunstream } from '../../src/configure-runstream.js';
import { Runstream } from '../../src/runs/index.js';
import { ask, type Host, type HostOptions, startHost } from './host.js';

let host: Host;
afterEach(() => host.close());

const start = async (options: HostOptions = {}): Promise<string> => {
  host = await startHost(options);
  return host.url;
};

@Catch(HttpException)
class OwnFilter implements ExceptionFilter {
  catch(exception: HttpException, context: ArgumentsHost): void {
    const response = context.switchToHttp().getResponse<Response>();
    response.status(exception.getStatus()).json({ own: exception.message });
  }
}

@Controller('of-order')
class RunOfOrderController {
  constructor(private readonly runstream: Runstream) {}

  @Get(':id')
  get(@Param('id') id: string) {
    return this.runstream.get(id);
  }
}

describe("an application's own routes", () => {
  it('L1 keep their errors, each status as Nest answers it', async () => {
    const url = await start();
    expect((await ask(`${url}/orders/conflict`)).body).toEqual({
      statusCode: 409,
      message: 'order exists',
      error: 'Conflict',
    });
    expect((await ask(`${url}/orders/gone`)).body).toMatchObject({
      statusCode: 404,
      message: 'no such order',
    });
    expect((await ask(`${url}/orders/refused`)).body).toEqual({ reason: 'too many', limit: 3 });
    expect((await ask(`${url}/orders/broken`)).body).toEqual({
      statusCode: 500,
      message: 'Internal server error',
    });
    expect((await ask(`${url}/nowhere`)).body).toMatchObject({
      statusCode: 404,
      message: 'Cannot GET /nowhere',
    });
    expect((await ask(`${url}/orders`, { method: 'PUT' })).body).toMatchObject({ statusCode: 404 });
    expect((await ask(`${url}/orders`, { method: 'DELETE' })).headers.has('allow')).toBe(false);
  });

  it('L1 answer what `Runstream` throws with its status and its message', async () => {
    const url = await start({ controllers: [RunOfOrderController] });
    expect(await ask(`${url}/of-order/r0_none`)).toMatchObject({
      status: 404,
      body: { statusCode: 404, message: expect.stringMatching(/^There is no run with this id/) },
    });
  });

  it('L1 and their filter', async () => {
    const url = await start({ configure: (app) => app.useGlobalFilters(new OwnFilter()) });
    expect((await ask(`${url}/orders/conflict`)).body).toEqual({ own: 'order exists' });
    expect((await ask(`${url}/nowhere`)).body).toEqual({ own: 'Cannot GET /nowhere' });
    expect((await ask(`${url}/runs/r0_none`)).body).toMatchObject({ code: 'RUN_NOT_FOUND' });
  });

  it('L10 keep their parameters, forms, files and texts, and their headers', async () => {
    const url = await start({ configure: (app) => app.useBodyParser('text') });
    expect((await ask(`${url}/orders?what=ever`)).body).toEqual({ orders: [], query: { what: 'ever' } });
    const form = { text: 'a=1&b=2', type: 'application/x-www-form-urlencoded' };
    expect((await ask(`${url}/orders`, form)).body).toEqual({ body: { a: '1', b: '2' } });
    expect((await ask(`${url}/orders`, { text: 'plain', type: 'text/plain' })).body).toEqual({
      body: 'plain',
    });
    expect((await ask(`${url}/orders`, { json: { a: 1 } })).body).toEqual({ body: { a: 1 } });
    expect((await ask(`${url}/orders`, { text: '{"a":' })).body).toMatchObject({ statusCode: 400 });
    const upload = new FormData();
    upload.set('file', new Blob(['x'.repeat(1000)]), 'order.txt');
    const uploaded = await fetch(`${url}/orders/file`, { method: 'POST', body: upload });
    expect(await uploaded.json()).toEqual({ size: 1000 });
    const { headers } = await ask(`${url}/orders`);
    expect(headers.get('x-powered-by')).toBe('Express');
    expect(headers.has('etag')).toBe(true);
    for (const name of ['x-request-id', 'content-security-policy', 'access-control-expose-headers'])
      expect([name, headers.has(name)]).toEqual([name, false]);
  });

  it('are as open as they were while Runstream asks for credentials', async () => {
    const url = await start({ runstream: { auth: { mode: 'api-key' } } });
    expect((await ask(`${url}/orders`)).status).toBe(200);
    expect((await ask(`${url}/runs`)).body).toMatchObject({ code: 'UNAUTHORIZED' });
  });

  it('keep their status with the edge of the service for all of the application, in its error body', async () => {
    const url = await start({
      configure: (app) => {
        configureRunstream(app);
      },
    });
    expect((await ask(`${url}/orders/conflict`)).body).toEqual({
      code: 'CONFLICT',
      message: 'order exists',
      request_id: expect.any(String),
    });
    expect(await ask(`${url}/orders/refused`)).toMatchObject({
      status: 400,
      body: { code: 'BAD_REQUEST', details: { reason: 'too many', limit: 3 } },
    });
    expect((await ask(`${url}/orders/broken`)).body).toMatchObject({ code: 'INTERNAL_ERROR' });
    expect((await ask(`${url}/nowhere`)).body).toMatchObject({ code: 'ROUTE_NOT_FOUND' });
    expect((await ask(`${url}/orders`, { method: 'PUT' })).body).toMatchObject({
      code: 'METHOD_NOT_ALLOWED',
    });
    expect((await ask(`${url}/orders`, { json: { a: 1 } })).body).toEqual({ body: { a: 1 } });
    const form = { text: 'a=1', type: 'application/x-www-form-urlencoded' };
    expect((await ask(`${url}/orders`, form)).body).toEqual({ body: { a: '1' } });
    expect((await ask(`${url}/orders?what=ever`)).headers.has('x-request-id')).toBe(true);
  });

  it('L10 and their pipes, which see nothing of what Runstream is sent', async () => {
    const seen: unknown[] = [];
    const url = await start({
      configure: (app) =>
        app.useGlobalPipes(
          new ValidationPipe({ whitelist: true, transform: true, validateCustomDecorators: true }),
          {
            transform: (value: unknown, { type }) => (
              seen.push(type),
              typeof value === 'string' ? value.trim() : value
            ),
          },
        ),
    });
    const { body } = await ask(`${url}/runs`, { json: { task: ' spaces ', labels: { a: ' b ' } } });
    expect(body).toMatchObject({ task: ' spaces ', labels: { a: ' b ' } });
    expect((await ask(`${url}/runs?lmit=1`)).body).toMatchObject({ code: 'VALIDATION_FAILED' });
    expect(seen.filter((type) => type === 'body' || type === 'query')).toEqual([]);
  });
});
