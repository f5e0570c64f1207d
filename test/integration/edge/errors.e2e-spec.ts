import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { closed, rawRequest } from './raw-request.js';
import { startToy, type Toy } from './toy-application.js';

let toy: Toy;
beforeAll(async () => {
  toy = await startToy({}, { lingerMs: 300, bodyGraceMs: 600 });
});
afterAll(() => toy.app.close());

interface ErrorBody {
  code: string;
  message: string;
  details?: unknown;
  request_id: string;
}

async function refused(path: string, init: RequestInit, status: number, code: string): Promise<ErrorBody> {
  const response = await fetch(toy.url + path, init);
  const text = await response.text();
  expect([response.status, text]).toEqual([status, expect.stringContaining(`"code":"${code}"`)]);
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
  const body = JSON.parse(text) as ErrorBody;
  expect(
    Object.keys(body).filter((key) => !['code', 'message', 'details', 'request_id'].includes(key)),
  ).toEqual([]);
  expect(response.headers.get('x-request-id')).toBe(body.request_id);
  expect(body.message.length).toBeGreaterThan(10);
  return body;
}

const json = (body: string | Buffer, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  body: typeof body === 'string' ? body : new Uint8Array(body),
  headers: { 'content-type': 'application/json', ...headers },
});

describe('one error body from every layer', () => {
  it('bad JSON, and says where', async () => {
    const body = await refused('/toy/echo', json('{"a":\n  b}'), 400, 'VALIDATION_FAILED');
    expect(body.message).toMatch(/not valid JSON.*"b"|'b'|b}/);
    await refused('/toy/echo', json('{"a":1'), 400, 'VALIDATION_FAILED');
  });

  it('bytes that are not UTF-8', async () => {
    const body = await refused(
      '/toy/echo',
      json(Buffer.from('{"a":"\xff"}', 'latin1')),
      400,
      'VALIDATION_FAILED',
    );
    expect(body.message).toMatch(/UTF-8 at byte 6/);
  });

  it('T64 a number that is not finite, with its place', async () => {
    const body = await refused('/toy/echo', json('{"data":{"n":[1e400]}}'), 400, 'VALIDATION_FAILED');
    expect(body.details).toEqual([{ path: 'data.n[0]', message: expect.stringMatching(/IEEE double/) }]);
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/jsonp',
    'application/json; charset=latin1',
  ])('a body of type %s', async (type) => {
    await refused('/toy/echo', json('{}', { 'content-type': type }), 415, 'UNSUPPORTED_MEDIA_TYPE');
  });

  it('a body without a type', async () => {
    await refused(
      '/toy/echo',
      { method: 'POST', body: new Uint8Array([123, 125]) },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    );
  });

  it('a body in an unknown or broken encoding', async () => {
    await refused('/toy/echo', json('{}', { 'content-encoding': 'zstd' }), 415, 'UNSUPPORTED_MEDIA_TYPE');
    await refused(
      '/toy/echo',
      json('{}', { 'content-encoding': 'constructor' }),
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    );
    await refused('/toy/echo', json('{}', { 'content-encoding': 'gzip' }), 400, 'VALIDATION_FAILED');
    const half = gzipSync('{"a":1}').subarray(0, 12);
    await refused('/toy/echo', json(half, { 'content-encoding': 'gzip' }), 400, 'VALIDATION_FAILED');
    const lines = { 'content-encoding': 'gzip', 'content-type': 'application/x-ndjson' };
    await refused('/toy/lines', json(gzipSync('{}\n'), lines), 415, 'UNSUPPORTED_MEDIA_TYPE');
  });

  it('a body that is too large, also when it is only so after decompression', async () => {
    const large = JSON.stringify('x'.repeat(100_000));
    const body = await refused('/toy/echo', json(large), 413, 'PAYLOAD_TOO_LARGE');
    expect(body.details).toEqual({ limit_bytes: 100_000 });
    await refused(
      '/toy/echo',
      json(gzipSync(large), { 'content-encoding': 'gzip' }),
      413,
      'PAYLOAD_TOO_LARGE',
    );
  });

  it('an endless body, answered at once; then the connection is closed', async () => {
    const socket = connect(toy.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(
      'POST /toy/echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    const chunk = Buffer.from(`4000\r\n${'x'.repeat(0x4000)}\r\n`);
    const timer = setInterval(() => socket.write(chunk), 5);
    socket.on('error', () => undefined);
    const [first] = (await once(socket, 'data')) as [Buffer];
    expect(first.toString()).toMatch(/^HTTP\/1.1 413 /);
    await closed(socket);
    clearInterval(timer);
  });

  it('an unknown route', async () => {
    const body = await refused('/nowhere?token=secret', {}, 404, 'ROUTE_NOT_FOUND');
    expect(body.message).toContain('GET /nowhere');
    expect(body.message).not.toContain('secret');
    await refused('/toy/things/1/2', { method: 'DELETE' }, 404, 'ROUTE_NOT_FOUND');
  });

  it('a wrong method, with the right ones', async () => {
    const of = async (path: string, method: string) => {
      const response = await fetch(toy.url + path, { method });
      return [response.status, response.headers.get('allow')];
    };
    await refused('/toy/things/7', { method: 'PATCH' }, 405, 'METHOD_NOT_ALLOWED');
    expect(await of('/toy/things/7?x=1', 'POST')).toEqual([405, 'DELETE, GET, HEAD, OPTIONS']);
    expect(await of('/toy/things/7/', 'PUT')).toEqual([405, 'DELETE, GET, HEAD, OPTIONS']);
    expect(await of('/toy/echo', 'HEAD')).toEqual([405, 'OPTIONS, POST']);
    expect(await of('/toy/echo', 'GET')).toEqual([405, 'OPTIONS, POST']);
    expect(await of('/health/live', 'POST')).toEqual([405, 'GET, HEAD, OPTIONS']);
    expect(await of('/toy/things/7', 'HEAD')).toEqual([200, null]);
  });

  it('a malformed URL', async () => {
    await refused('/toy/things/%ff', {}, 400, 'VALIDATION_FAILED');
    await refused('/toy/things/%E0%A4%A', { method: 'POST' }, 400, 'VALIDATION_FAILED');
  });

  it('a broken schema, with what is wrong of each property', async () => {
    const bad = { task: 1, dat: {} };
    const body = await refused('/toy/things', json(JSON.stringify(bad)), 400, 'VALIDATION_FAILED');
    expect(body.details).toEqual(
      expect.arrayContaining([
        { path: 'dat', message: expect.stringMatching(/unknown/) },
        { path: 'task', message: 'task must be a string' },
      ]),
    );
    expect(body.details).toHaveLength(2);
    expect(body.message).toMatch(/dat: unknown/);
    await refused('/toy/things', { method: 'POST' }, 400, 'VALIDATION_FAILED');
    await refused('/toy/things', json('[]'), 400, 'VALIDATION_FAILED');
    await refused('/toy/things', json('7'), 400, 'VALIDATION_FAILED');
    await refused('/toy/things', json('null'), 400, 'VALIDATION_FAILED');
  });

  it('an unknown query parameter, by name', async () => {
    const body = await refused('/toy/things?limit=7&limt=8', {}, 400, 'VALIDATION_FAILED');
    expect(body.details).toEqual([{ path: 'limt', message: expect.stringMatching(/unknown/) }]);
    await refused('/toy/things?__proto__=1', {}, 400, 'VALIDATION_FAILED');
    await refused('/toy/things?constructor=1', {}, 400, 'VALIDATION_FAILED');
    expect(await (await fetch(`${toy.url}/toy/things?limit=7`)).json()).toEqual({ limit: 7 });
  });

  it('an error that a route throws', async () => {
    await refused('/toy/fails/known', {}, 404, 'RUN_NOT_FOUND');
    expect((await refused('/toy/fails/nest', {}, 404, 'NOT_FOUND')).message).toBe('No such thing.');
    await refused('/toy/fails/teapot', {}, 418, 'I_AM_A_TEAPOT');
    await refused('/toy/number/x', {}, 400, 'BAD_REQUEST');
    expect((await refused('/toy/fails/gateway', {}, 502, 'BAD_GATEWAY')).message).toBe('upstream is away');
    const response = await fetch(`${toy.url}/toy/fails/redis`);
    expect(response.headers.get('retry-after')).toBe('2');
    expect(await response.text()).not.toMatch(/ECONNREFUSED|10\.1/);
  });

  it.each(['unknown', 'string'])('an error without a public meaning (%s): nothing leaks', async (how) => {
    const body = await refused(`/toy/fails/${how}`, {}, 500, 'INTERNAL_ERROR');
    expect(JSON.stringify(body)).not.toMatch(/secret|TypeError|\.ts/);
    expect(body.message).toContain(body.request_id);
  });

  it('T17 an error after the first byte: the connection breaks, and no second answer follows', async () => {
    const { body } = await rawRequest(toy.port, 'GET /toy/fails/late HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(body).toContain('half an ans');
    expect(body).not.toMatch(/INTERNAL_ERROR|0\r\n\r\n/);
    expect((await fetch(`${toy.url}/health/live`)).status).toBe(200);
  });

  it('headers that are too large', async () => {
    for (const size of [20_000, 3_000_000]) {
      const answer = await rawRequest(
        toy.port,
        `GET / HTTP/1.1\r\nHost: x\r\nX-Large: ${'x'.repeat(size)}\r\n\r\n`,
      );
      expect([answer.status, JSON.parse(answer.body)]).toEqual([
        413,
        expect.objectContaining({ code: 'PAYLOAD_TOO_LARGE' }),
      ]);
      expect(answer.head).toMatch(/^x-request-id: /im);
    }
  });

  it('bytes that are not HTTP', async () => {
    for (const bytes of [
      'nonsense\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
      'POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n',
    ]) {
      const answer = await rawRequest(toy.port, bytes);
      expect([answer.status, JSON.parse(answer.body)]).toEqual([
        400,
        expect.objectContaining({ code: 'VALIDATION_FAILED' }),
      ]);
    }
  });

  it.each(['OPTIONS *', 'GET http://', 'GET http://x/y?z', 'GET //%zz', 'GET /..%2f..', 'GET /\\'])(
    'the odd request line "%s"',
    async (line) => {
      const answer = await rawRequest(toy.port, `${line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      expect(JSON.parse(answer.body)).toEqual(
        expect.objectContaining({ code: expect.stringMatching(/ROUTE_NOT_FOUND|VALIDATION_FAILED/) }),
      );
    },
  );

  it('an unknown expectation is no reason to refuse', async () => {
    const answer = await rawRequest(toy.port, 'GET /health/live HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n');
    expect(answer.status).toBe(200);
  });
});

describe('bodies', () => {
  const echo = async (init: RequestInit) =>
    (await (await fetch(`${toy.url}/toy/echo`, init)).json()) as { body: unknown; raw?: string };

  it('gives the parsed value and the bytes', async () => {
    expect(await echo(json('{ "a": 1 }'))).toEqual({ body: { a: 1 }, raw: '{ "a": 1 }' });
    expect(await echo(json('{}', { 'content-type': 'Application/JSON; Charset="UTF-8"' }))).toEqual({
      body: {},
      raw: '{}',
    });
    expect((await echo(json('null'))).body).toBeNull();
  });

  it('takes none', async () => {
    expect(await echo({ method: 'POST' })).toEqual({ body: 'none' });
    expect(await echo(json(''))).toEqual({ body: 'none' });
    const chunked =
      'POST /toy/echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n';
    expect(JSON.parse((await rawRequest(toy.port, chunked)).body)).toEqual({ body: 'none' });
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('takes %s', async (encoding, compress) => {
    expect(await echo(json(compress('{"a":1}'), { 'content-encoding': encoding }))).toEqual({
      body: { a: 1 },
      raw: '{"a":1}',
    });
  });

  it('T64 keeps __proto__ and constructor in what no class describes', async () => {
    const text = '{"__proto__":{"a":1},"constructor":{"b":[1]},"toString":"x"}';
    const response = await fetch(`${toy.url}/toy/echo`, json(text));
    expect(await response.text()).toContain(`{"body":${text}`);
  });

  it('an unknown property that every object inherits, by name', async () => {
    for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const body = await refused('/toy/things', json(`{"task":"t","${key}":{}}`), 400, 'VALIDATION_FAILED');
      expect(body.details).toEqual([{ path: key, message: expect.stringMatching(/unknown/) }]);
    }
  });

  it('cuts a JSON body that does not come to its end, plain or compressed', async () => {
    for (const encoding of ['identity', 'gzip']) {
      const socket = connect(toy.port, '127.0.0.1');
      socket.write(
        `POST /toy/echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Encoding: ${encoding}\r\nContent-Length: 50\r\n\r\n`,
      );
      await closed(socket);
    }
    expect((await fetch(`${toy.url}/health/live`)).status).toBe(200);
  });

  it('T66 an NDJSON upload may last longer than any limit on a whole request', async () => {
    expect(toy.app.getHttpServer()).toMatchObject({ requestTimeout: 0, headersTimeout: 60_000 });
    const socket = connect(toy.port, '127.0.0.1');
    socket.write(
      'POST /toy/lines HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    const answer = once(socket, 'data') as Promise<[Buffer]>;
    // Longer in all than the time limit of a JSON body (600 ms), in steps shorter than the idle limit.
    for (let line = 0; line < 8; line++) {
      await new Promise((resolve) => setTimeout(resolve, 150));
      socket.write('3\r\n{}\n\r\n');
    }
    socket.write('0\r\n\r\n');
    expect((await answer)[0].toString()).toMatch(/200 OK[^]*\{"count":8\}$/);
    socket.destroy();
  });

  it('a bad line is answered while the upload still runs, and the connection can be used again', async () => {
    const head =
      'POST /toy/lines HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nContent-Length: 3000\r\n\r\n';
    const socket = connect(toy.port, '127.0.0.1');
    socket.write(`${head}{}\n${'x'.repeat(1500)}`);
    const [first] = (await once(socket, 'data')) as [Buffer];
    expect(first.toString()).toMatch(/413[^]*EVENT_TOO_LARGE/);
    socket.write('x'.repeat(3000 - 1503));
    socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n');
    const [second] = (await once(socket, 'data')) as [Buffer];
    expect(second.toString()).toMatch(/200 OK[^]*"ok"/);
    socket.destroy();
  });
});

describe('headers', () => {
  it('keeps a plain request id and replaces any other', async () => {
    const idFor = async (given: string, path = '/health/live') =>
      (await fetch(toy.url + path, { headers: { 'x-request-id': given } })).headers.get('x-request-id');
    expect(await idFor('job-7.a_B')).toBe('job-7.a_B');
    expect(await idFor('job-7', '/nowhere')).toBe('job-7');
    for (const bad of ['a b', '<x>', 'x'.repeat(129)]) expect(await idFor(bad)).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('lets pages on this machine call in development, and no others', async () => {
    const allowed = async (origin: string) =>
      (await fetch(`${toy.url}/nowhere`, { headers: { origin } })).headers.get('access-control-allow-origin');
    expect(await allowed('http://localhost:5173')).toBe('http://localhost:5173');
    expect(await allowed('http://127.0.0.1:8080')).toBe('http://127.0.0.1:8080');
    expect(await allowed('http://localhost.example.com')).toBeNull();
    expect(await allowed('null')).toBeNull();
    const response = await fetch(`${toy.url}/health/live`, { headers: { origin: 'http://localhost:1' } });
    expect(response.headers.get('access-control-expose-headers')).toBe(
      'X-Request-Id,Location,Link,Retry-After,Idempotency-Replayed',
    );
    expect(response.headers.get('x-powered-by')).toBeNull();
    expect(response.headers.get('etag')).toBeNull();
  });

  it('answers a preflight, and OPTIONS of a route', async () => {
    const preflight = await fetch(`${toy.url}/toy/echo`, {
      method: 'OPTIONS',
      headers: {
        origin: 'http://localhost:1',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    });
    expect([preflight.status, preflight.headers.get('access-control-allow-headers')]).toEqual([
      204,
      'content-type',
    ]);
    const options = await fetch(`${toy.url}/toy/echo`, { method: 'OPTIONS' });
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'OPTIONS, POST']);
    await refused('/nowhere', { method: 'OPTIONS' }, 404, 'ROUTE_NOT_FOUND');
  });

  it('204 for a route with nothing more to say, a stream too', async () => {
    for (const path of ['/toy/fails/nothing', '/toy/stream']) {
      const response = await fetch(toy.url + path);
      expect([response.status, await response.text(), response.headers.get('content-type')]).toEqual([
        204,
        '',
        null,
      ]);
    }
  });
});
