import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { SignJWT } from 'jose';
import { eventually } from '../support/eventually.js';
import { type RedisServer, startRedis } from '../support/redis.js';
import { startService } from '../support/service.js';
import { type Answer, ask } from './ask.js';
import { bearer, type TestKey, TestKeys } from './keys.js';

const PASSWORD = 'the-password-of-redis';
const EVENT = { event: { category: 'log', action: 'stdout' }, source: { agent_id: 'a1' }, data: {} };

let redis: RedisServer;
let redisUrl: string;
let keys: TestKeys;
let key: TestKey;

beforeAll(async () => {
  redis = await startRedis({ args: ['--requirepass', PASSWORD], appendOnly: true });
  redisUrl = `redis://:${PASSWORD}@127.0.0.1:${redis.port}`;
  keys = await TestKeys.open(redisUrl);
  key = await keys.create('default');
});
afterAll(async () => {
  await keys.close();
  await redis.stop();
});

/** Whether one of the secrets, or what of it is the secret, stands in a text. */
function found(secrets: readonly string[], text: string): string[] {
  const forms = secrets.flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    secret.slice(-43),
    secret.slice(-20),
  ]);
  return forms.filter((form) => text.includes(form)).map((form) => `${form.slice(0, 6)}…`);
}

async function broken(path: string, work: () => Promise<void>): Promise<void> {
  const commands = new Redis(redisUrl);
  try {
    const [name = ''] = await commands.keys(path);
    await commands.rename(name, 'runstream:away');
    await commands.set(name, 'not what it was');
    await work();
    await commands.rename('runstream:away', name);
  } finally {
    commands.disconnect();
  }
}

describe('T59 credentials', () => {
  it('are nowhere in what the service prints, answers, measures or stores, whatever happens', async () => {
    const service = await startService({ REDIS_URL: redisUrl, AUTH_MODE: 'api-key' });
    const secrets = [PASSWORD, key.secret];
    const answers: Answer[] = [];
    const call = async (method: string, path: string, question: Parameters<typeof ask>[3] = {}) => {
      const answer = await ask(service.url, method, path, question);
      answers.push(answer);
      return answer;
    };
    try {
      const { headers } = key;
      const run = String((await call('POST', '/runs', { headers, json: { task: 't' } })).json?.['id']);
      const made = await ask(service.url, 'POST', '/keys', {
        headers,
        json: { name: 'made', scopes: ['runs:read'] },
      });
      const session = await ask(service.url, 'POST', '/session', { json: { key: key.secret } });
      const cookie = String(session.headers['set-cookie']?.[0]).split(';')[0]!;
      const given = await ask(service.url, 'POST', `/runs/${run}/stream-tickets`, { headers, json: {} });
      const ticket = String(given.json?.['ticket']);
      const bad = `rs_0123456789abcdef_${'b'.repeat(43)}`;
      secrets.push(String(made.json?.['key']), cookie.split('=')[1]!, ticket, bad);

      const stream = `/runs/${run}/events/stream?ticket=${ticket}`;
      const inTheWrongPlace = async () => {
        await call('GET', stream);
        await call('GET', `/runs?ticket=${ticket}`);
        await call('GET', `/runs?ticket=${ticket}&ticket=${ticket}`);
        await call('GET', '/runs', { headers: bearer(bad) });
        await call('GET', `/runs?key=${key.secret}`, { headers });
        await call('GET', `/nowhere?ticket=${ticket}&key=${key.secret}`, { headers });
        await call('GET', '/runs', { headers: { cookie } });
        await call('POST', '/runs', { headers: { cookie }, json: {} });
        await call('POST', '/session', { json: { key: bad } });
        await call('POST', '/session', { json: { key: [key.secret] } });
        await call('POST', '/session', {
          headers: { 'content-type': 'application/json' },
          body: `{"key":"${key.secret}"`,
        });
        await call('POST', '/keys', { headers, json: { name: 1, scopes: [] } });
        await call('DELETE', `/keys/0000000000000000`, { headers });
        await call('DELETE', '/session', { headers: { cookie: 'runstream_session=x' } });
        await call('POST', `/runs/${run}/events`, { headers, json: { ...EVENT, event: {} } });
      };
      await inTheWrongPlace();
      await broken(`*run:${run}`, inTheWrongPlace);
      await broken('runstream:{auth}:key:*', inTheWrongPlace);
      expect(answers.filter(({ status }) => status === 500)).not.toEqual([]);
      await redis.kill();
      await inTheWrongPlace();
      await redis.restart();
      await eventually(
        'the service is back',
        async () => (await ask(service.url, 'GET', '/health/ready')).status === 200,
      );
      await inTheWrongPlace();

      const metrics = await call('GET', '/metrics', { headers });
      expect([metrics.status, metrics.text.includes('runstream_')]).toEqual([200, true]);
      for (const one of answers) expect(found(secrets, one.text + JSON.stringify(one.headers))).toEqual([]);
      expect((await ask(service.url, 'GET', '/keys', { headers })).text).not.toMatch(/hash|"key"/);
      const printed = service.child.lines.join('\n');
      expect(printed).toContain('failed:');
      expect(found(secrets, printed)).toEqual([]);

      const commands = new Redis(redisUrl);
      for (const name of await commands.keys('*')) {
        expect([name, found(secrets, name)]).toEqual([name, []]);
        const value = (await commands.dumpBuffer(name))?.toString('latin1') ?? '';
        expect([name, found(secrets, value)]).toEqual([name, []]);
      }
      commands.disconnect();
    } finally {
      await service.stop();
    }
  });

  it('nor those of an issuer, nor its secret', async () => {
    const JWT_SECRET = 'the-secret-of-the-issuer-of-32-bytes';
    const token = await new SignJWT({ tenant_id: 'default', scope: 'runs:read' })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer('i')
      .setAudience('a')
      .setExpirationTime('1h')
      .sign(new TextEncoder().encode(JWT_SECRET));
    const env = { AUTH_MODE: 'jwt', JWT_SECRET, JWT_ISSUER: 'i', JWT_AUDIENCE: 'a' };
    const service = await startService({ REDIS_URL: redisUrl, ...env });
    try {
      const answers = [
        await ask(service.url, 'GET', '/runs', { headers: bearer(token) }),
        await ask(service.url, 'GET', '/runs', { headers: bearer(`${token}x`) }),
        await ask(service.url, 'POST', '/runs', { headers: bearer(token), json: {} }),
        await ask(service.url, 'DELETE', '/consumers/x', { headers: bearer(token) }),
      ];
      expect(answers.map(({ status }) => status)).toEqual([200, 401, 403, 403]);
      for (const { text } of answers) expect(found([token, JWT_SECRET], text)).toEqual([]);
      expect(found([token, JWT_SECRET], service.child.lines.join('\n'))).toEqual([]);
    } finally {
      await service.stop();
    }
    const refused = startService({ REDIS_URL: redisUrl, ...env, JWT_SECRET: 'too-short-a-secret' });
    const reason = await refused.then(String, String);
    expect([reason.includes('JWT_SECRET is too short'), reason.includes('too-short-a-secret')]).toEqual([
      true,
      false,
    ]);
  });
});

describe('the audit log', () => {
  it('has a line for each administrative call, done or refused: who, what, whose', async () => {
    const service = await startService({ REDIS_URL: redisUrl, AUTH_MODE: 'api-key' });
    try {
      const reader = await keys.create('default', ['runs:read']);
      const { headers } = key;
      const made = await ask(service.url, 'POST', '/keys', {
        headers,
        json: { name: 'n', scopes: ['runs:read'] },
      });
      const id = String(made.json?.['id']);
      await ask(service.url, 'DELETE', `/keys/${id}`, { headers: reader.headers });
      await ask(service.url, 'DELETE', `/keys/${id}`, { headers });
      await ask(service.url, 'DELETE', '/keys/0000000000000000', { headers });
      await ask(service.url, 'POST', '/session', { json: { key: reader.secret } });
      await ask(service.url, 'POST', '/session', { json: { key: 'x' } });
      await ask(service.url, 'POST', '/consumers/none/pause', { headers });
      await ask(service.url, 'GET', '/keys', { headers });
      const expected = [
        ['POST /keys', 'done', key.id],
        [`DELETE /keys/${id}`, 'FORBIDDEN', reader.id],
        [`DELETE /keys/${id}`, 'done', key.id],
        ['DELETE /keys/0000000000000000', 'KEY_NOT_FOUND', key.id],
        ['POST /session', 'done', reader.id],
        ['POST /session', 'UNAUTHORIZED', 'anonymous'],
        ['POST /consumers/none/pause', 'GROUP_NOT_FOUND', key.id],
      ];
      const lines = () =>
        service.child.lines
          .filter((line) => line.includes('Audit'))
          .map((line) => JSON.parse(/\{.*\}/.exec(line)?.[0] ?? '{}') as Record<string, string>);
      await eventually('all lines are there', () => lines().length >= expected.length);
      expect(lines().map(({ action, outcome, by }) => [action, outcome, by])).toEqual(expected);
      for (const { tenant_id, request_id, outcome } of lines()) {
        expect(request_id).toMatch(/^[0-9a-f-]{36}$/);
        if (outcome !== 'UNAUTHORIZED') expect(tenant_id).toBe('default');
      }
    } finally {
      await service.stop();
    }
  });
});
