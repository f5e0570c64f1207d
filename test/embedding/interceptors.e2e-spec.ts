import { afterEach, describe, expect, it } from '@jest/globals';
import {
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  ForbiddenException,
  type NestInterceptor,
} from '@nestjs/common';
import { map, type Observable, timeout } from 'rxjs';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { isRunstreamRoute } from '../../src/http/index.js';
import { ask, type Host, startHost } from './host.js';

let host: Host;
afterEach(() => host.close());

class Envelope implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((data: unknown) => ({ data })));
  }
}

class TimeLimit implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(timeout(300));
  }
}

class OwnGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (isRunstreamRoute(context)) return true;
    throw new ForbiddenException('not yours');
  }
}

const EVENT = '{"event":{"category":"lifecycle","action":"completed"},"data":{"result":1}}';
const created = async () => String((await ask(`${host.url}/runs`, { json: { task: 'x' } })).body['id']);

describe("an application's interceptors and guards", () => {
  it('L15 an envelope for all answers leaves pages and streams as they are', async () => {
    host = await startHost({
      configure: (app: NestExpressApplication) => app.useGlobalInterceptors(new Envelope()),
    });
    const made = await ask(`${host.url}/runs`, { json: { task: 'x' } });
    const { id } = made.body['data'] as { id: string };
    expect((await ask(`${host.url}/orders`)).body['data']).toMatchObject({ orders: [] });
    await ask(`${host.url}/runs/${id}/events`, { text: EVENT });
    expect((await ask(`${host.url}/runs/${id}/events`)).body['events']).toHaveLength(2);
    expect((await ask(`${host.url}/events?limit=1`)).body['events']).toHaveLength(1);
    expect((await ask(`${host.url}/runs/${id}`)).body['id']).toBe(id);
    const frames = await (await fetch(`${host.url}/runs/${id}/events/stream`)).text();
    expect(frames).toContain('event: lifecycle.completed\n');
    expect(frames.trimEnd()).toMatch(/event: close\n[^]*$/);
  });

  it('L15 a time limit ends no wait for a run', async () => {
    host = await startHost({
      configure: (app: NestExpressApplication) => app.useGlobalInterceptors(new TimeLimit()),
    });
    const id = await created();
    const waiting = ask(`${host.url}/runs/${id}?wait_seconds=30`);
    // Longer than the limit of the application.
    const until = performance.now() + 500;
    while (performance.now() < until) await ask(`${host.url}/orders`);
    await ask(`${host.url}/runs/${id}/events`, { text: EVENT });
    expect(await waiting).toMatchObject({ status: 200, body: { status: 'completed' } });
  });

  it('a guard that is for its own routes only', async () => {
    host = await startHost({
      configure: (app: NestExpressApplication) => app.useGlobalGuards(new OwnGuard()),
    });
    expect((await ask(`${host.url}/orders`)).body).toMatchObject({ statusCode: 403, message: 'not yours' });
    expect((await ask(`${host.url}/runs`)).status).toBe(200);
  });

  it('L1 what a guard throws on a route of Runstream is answered as the application answers it', async () => {
    host = await startHost({
      configure: (app: NestExpressApplication) =>
        app.useGlobalGuards({
          canActivate: () => {
            throw new ForbiddenException('closed on Sundays');
          },
        }),
    });
    for (const path of ['/runs', '/runs/r0_x', '/runs/r0_x/events/stream'])
      expect((await ask(host.url + path)).body).toEqual({
        statusCode: 403,
        message: 'closed on Sundays',
        error: 'Forbidden',
      });
  });
});
