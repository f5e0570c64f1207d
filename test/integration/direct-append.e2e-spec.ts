import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  Injectable,
  type MiddlewareConsumer,
  Module,
  type NestInterceptor,
  type NestModule,
  type PipeTransform,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AppendService } from '../../src/runs/append/append.service.js';
import { startApplication, type StartOptions, type TestApplication } from '../support/application.js';

const direct = jest.spyOn(AppendService.prototype, 'answer');
afterEach(() => {
  direct.mockClear();
});

const event = '{"event":{"category":"llm","action":"stream"},"data":{}}';

async function createRun({ url }: TestApplication): Promise<string> {
  const response = await fetch(`${url}/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"task":"x"}',
  });
  return ((await response.json()) as { id: string }).id;
}

const appendTo = (
  { url }: TestApplication,
  run: string,
  { query = '', type = 'application/json', body = event, headers = {} }: Partial<Appended> = {},
) =>
  fetch(`${url}/runs/${run}/events${query}`, {
    method: 'POST',
    headers: { 'content-type': type, ...headers },
    body,
  });

interface Appended {
  query: string;
  type: string;
  body: string;
  headers: Record<string, string>;
}

/** What an answer says, without what each has of its own. */
async function contentOf(response: Response): Promise<unknown> {
  const headers = new Map(response.headers);
  for (const name of ['date', 'x-request-id', 'content-length']) {
    expect([name, headers.delete(name)]).toEqual([name, true]);
  }
  const body = (await response.json()) as Record<string, unknown>;
  const own = ['run_id', 'first_id', 'last_id', 'ids', 'request_id'];
  const common = Object.entries(body).filter(([name]) => !own.includes(name));
  return { status: response.status, headers: [...headers].sort(), body: Object.fromEntries(common) };
}

describe('POST /runs/:run_id/events', () => {
  let application: TestApplication;
  /** On the same Redis, where an interceptor for all routes keeps Nest in between. */
  let throughNest: TestApplication;
  let run: string;
  beforeAll(async () => {
    application = await startApplication();
    throughNest = await startApplication(
      {},
      { configure: (app) => app.useGlobalInterceptors(new OwnInterceptor()) },
    );
  });
  beforeEach(async () => {
    run = await createRun(application);
  });
  afterAll(() => Promise.all([application.close(), throughNest.close()]));
  const append = (request?: Partial<Appended>) => appendTo(application, run, request);

  it('is answered past its controller, but for NDJSON and whatever has a query', async () => {
    expect((await append()).status).toBe(201);
    expect((await append({ body: `[${event},${event}]` })).status).toBe(201);
    expect((await append({ body: '{"what":1}' })).status).toBe(400);
    expect(direct).toHaveBeenCalledTimes(3);
    expect((await append({ type: 'application/x-ndjson', body: `${event}\n` })).status).toBe(200);
    expect((await append({ query: '?x=1' })).status).toBe(400);
    expect(direct).toHaveBeenCalledTimes(3);
  });

  it.each<[string, Partial<Appended>]>([
    ['an append', {}],
    ['one that was made before', { headers: { 'idempotency-key': 'again' } }],
    ['an event that is none', { body: '{"event":1}' }],
    ['what is no JSON', { body: '{' }],
    ['another media type', { type: 'text/plain' }],
    ['a page of another origin', { headers: { origin: 'http://localhost:3' } }],
    ['a page that may not call', { headers: { origin: 'http://elsewhere.example' } }],
    ['a sequence that has passed', { headers: { 'expected-sequence': '77' } }],
    ['a sequence that is none', { headers: { 'expected-sequence': 'x' } }],
  ])('answers as the controller does: %s', async (_, request) => {
    await append(request);
    const answer = await contentOf(await append(request));
    const calls = direct.mock.calls.length;
    expect(await contentOf(await appendTo(throughNest, run, request))).toEqual(answer);
    expect(direct).toHaveBeenCalledTimes(calls);
  });

  it('answers as the controller does for a run that is not there', async () => {
    for (const absent of ['nowhere', 'r0_00000000000000000000000000', '%ff', 'a%2fb']) {
      const answer = await contentOf(await appendTo(application, absent));
      expect(answer).toEqual(await contentOf(await appendTo(throughNest, absent)));
      expect(answer).toMatchObject({ status: absent === '%ff' ? 400 : 404 });
    }
  });
});

const calls: string[] = [];

@Injectable()
class OwnGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    calls.push(context.getHandler().name);
    return true;
  }
}

class OwnInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler) {
    calls.push(context.getHandler().name);
    return next.handle();
  }
}

class OwnPipe implements PipeTransform {
  transform(value: unknown): unknown {
    return value;
  }
}

@Module({ providers: [{ provide: APP_GUARD, useClass: OwnGuard }] })
class WithGuard {}

@Module({})
class WithMiddleware implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer
      .apply((_request: unknown, _response: unknown, next: () => void) => {
        calls.push('middleware');
        next();
      })
      .forRoutes('*all');
  }
}

describe('An application with something of its own before every controller', () => {
  it.each<[string, StartOptions]>([
    ['a guard', { imports: [WithGuard] }],
    ['middleware of a module', { imports: [WithMiddleware] }],
    ['an interceptor', { configure: (app) => app.useGlobalInterceptors(new OwnInterceptor()) }],
    ['a pipe', { configure: (app) => app.useGlobalPipes(new OwnPipe()) }],
    [
      'middleware',
      {
        configure: (app) =>
          app.use((_request: unknown, _response: unknown, next: () => void) => {
            calls.push('middleware');
            next();
          }),
      },
    ],
  ])('has it asked for appends too: %s', async (what, options) => {
    const application = await startApplication({}, options);
    const run = await createRun(application);
    calls.length = 0;
    expect((await appendTo(application, run)).status).toBe(201);
    expect(direct).not.toHaveBeenCalled();
    if (what !== 'a pipe') expect(calls).toHaveLength(1);
    await application.close();
  });
});
