import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { closed as closing, rawRequest } from '../integration/edge/raw-request.js';
import { type TestApplication, startApplication } from '../support/application.js';
import { type Serving, serveHere } from '../support/service.js';
import { ask } from './ask.js';
import { type TestKey, TestKeys } from './keys.js';

/*
 * Limits that have their tests elsewhere: bodies, also after decompression, and the time that one may take
 * (test/integration/edge/errors); lines, and how long an upload may be idle (src/http/body/read-lines.spec); readers that do
 * not read (test/integration/slow-watchers); the command executor without a shell and without our variables
 * (src/executors/command/command.executor.int-spec).
 */

let service: Serving;
let application: TestApplication;
let keys: TestKeys;
let key: TestKey;
let port: number;

beforeAll(async () => {
  [service, application, keys] = await Promise.all([
    serveHere({ AUTH_MODE: 'api-key' }),
    startApplication({ auth: { mode: 'api-key' } }),
    TestKeys.open(),
  ]);
  key = await keys.create('default');
  port = Number(new URL(service.url).port);
});
afterAll(async () => {
  await Promise.all([service.stop(), application.close(), keys.close()]);
});

describe('limits', () => {
  it('on headers and queries, in bytes', async () => {
    for (const lines of [
      `GET /runs HTTP/1.1\r\nX: ${'x'.repeat(20_000)}`,
      `GET /runs?${'x'.repeat(20_000)} HTTP/1.1`,
    ]) {
      const answer = await rawRequest(port, `${lines}\r\nHost: x\r\n\r\n`);
      expect([answer.status, answer.body]).toEqual([413, expect.stringContaining('PAYLOAD_TOO_LARGE')]);
    }
  });

  it('on the time that headers may take, for one who sends them byte by byte', () => {
    expect(application.server.headersTimeout).toBe(60_000);
    expect(application.server.keepAliveTimeout).toBe(65_000);
  });

  it('a body without a credential is not read: refused at once, and the connection goes', async () => {
    for (const type of ['application/json', 'application/x-ndjson']) {
      const socket = connect(port, '127.0.0.1');
      let answer = '';
      socket.on('data', (chunk) => (answer += chunk.toString()));
      const began = Date.now();
      socket.write(
        `POST /runs/r0_x/events HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: 100000000\r\n\r\n{`,
      );
      await closing(socket);
      expect([type, answer.slice(0, 12)]).toEqual([type, 'HTTP/1.1 401']);
      expect(Date.now() - began).toBeLessThan(8000);
    }
  });

  it('a run of bad credentials fills no memory: what is remembered of them is bounded', async () => {
    for (let i = 0; i < 200; i++) {
      const id = i.toString(16).padStart(16, '0');
      const headers = { authorization: `Bearer rs_${id}_${'A'.repeat(43)}` };
      expect((await ask(service.url, 'GET', '/runs', { headers })).status).toBe(401);
    }
    expect((await ask(service.url, 'GET', '/runs', { headers: key.headers })).status).toBe(200);
  });
});

describe('headers of every answer', () => {
  it('let a browser do nothing that it need not', async () => {
    for (const path of ['/', '/docs', '/docs-json', '/runs', '/nowhere', '/health/live']) {
      const { headers } = await ask(service.url, 'GET', path, { headers: key.headers });
      expect([path, headers]).toEqual([
        path,
        expect.objectContaining({
          'x-content-type-options': 'nosniff',
          'x-frame-options': 'SAMEORIGIN',
          'referrer-policy': 'no-referrer',
          'strict-transport-security': expect.stringMatching(/^max-age=\d{7,}$/),
          'content-security-policy': expect.stringMatching(/default-src '(none|self)'/),
        }),
      ]);
      expect(headers['x-powered-by']).toBeUndefined();
    }
  });

  it('let the dashboard run its own files and nothing else', async () => {
    const { headers, text } = await ask(service.url, 'GET', '/');
    const policy = String(headers['content-security-policy']);
    expect(policy).toMatch(
      /default-src 'none'; script-src 'self'; style-src 'self'; .*frame-ancestors 'none'; require-trusted-types-for 'script'/,
    );
    expect(policy).not.toMatch(/unsafe|\*/);
    expect(text).not.toMatch(/ style=| on[a-z]+="|javascript:/i);
  });
});
