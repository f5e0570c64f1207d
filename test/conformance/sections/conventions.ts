import assert from 'node:assert/strict';
import { expectError, expectStatus, lines } from '../client.js';
import { eventOf, numbered, UTC_TIME, type ErrorBody, type JsonObject } from '../model.js';
import { defineSection } from '../runner.js';

const UNKNOWN_RUN = 'r0_00000000000000000000000000';

/** The words of an error in which a client would look for the name of what was wrong. */
function named({ message, details }: ErrorBody): string {
  return `${message} ${JSON.stringify(details ?? '')}`;
}

export const conventions = defineSection('1 Conventions', (check) => {
  check('an unknown route is 404 ROUTE_NOT_FOUND', async ({ api }) => {
    expectError(await api.get('/no-such-route'), 404, 'ROUTE_NOT_FOUND');
    expectError(await api.request('POST', '/runs/x/y/z', { json: {} }), 404, 'ROUTE_NOT_FOUND');
  });

  check('a known route with a wrong method is 405 with Allow', async ({ api }) => {
    const run = await api.createRun();
    const cases: [string, string, string[]][] = [
      ['PUT', '/runs', ['GET', 'POST']],
      ['PATCH', `/runs/${run.id}`, ['GET', 'DELETE']],
      ['GET', `/runs/${run.id}/cancel`, ['POST']],
      ['DELETE', `/runs/${run.id}/events`, ['GET', 'POST']],
      ['DELETE', `/runs/${run.id}/events/stream`, ['GET']],
    ];
    for (const [method, path, allowed] of cases) {
      const reply = await api.request(method, path);
      expectError(reply, 405, 'METHOD_NOT_ALLOWED');
      const allow = String(reply.headers.allow).split(/\s*,\s*/);
      for (const name of allowed)
        assert.ok(allow.includes(name), `Allow of ${path} names ${name}, got ${allow.join()}`);
      assert.ok(!allow.includes(method), `Allow of ${path} does not name ${method}`);
    }
  });

  check('a run that is not there is 404 RUN_NOT_FOUND on every route', async ({ api }) => {
    const path = `/runs/${UNKNOWN_RUN}`;
    expectError(await api.get(path), 404, 'RUN_NOT_FOUND');
    expectError(await api.get(`${path}/events`), 404, 'RUN_NOT_FOUND');
    expectError(await api.streamReply(UNKNOWN_RUN), 404, 'RUN_NOT_FOUND');
    expectError(await api.post(UNKNOWN_RUN, numbered(1)), 404, 'RUN_NOT_FOUND');
    expectError(await api.postLines(UNKNOWN_RUN, lines([numbered(1)])), 404, 'RUN_NOT_FOUND');
    expectError(await api.request('POST', `${path}/cancel`, { json: {} }), 404, 'RUN_NOT_FOUND');
    expectError(await api.request('DELETE', path), 404, 'RUN_NOT_FOUND');
  });

  check('a run id that is no id is 404 and reaches no other key', async ({ api }) => {
    for (const id of ['nonsense', 'r0_a:events', '{r0}', '*', 'r0_a\n', 'r99999999999999999999_a', '%00']) {
      expectError(await api.get(`/runs/${encodeURIComponent(id)}`), 404, 'RUN_NOT_FOUND');
    }
  });

  check('a malformed URL is a client error with the error body', async ({ api }) => {
    const reply = await api.get('/runs/%ff');
    assert.ok(reply.status >= 400 && reply.status < 500, `expected 4xx, got ${reply.status}`);
    expectError(reply, reply.status, reply.json<ErrorBody>().code);
  });

  check('every response carries a request id of its own', async ({ api }) => {
    const run = await api.createRun();
    const replies = [
      await api.get(`/runs/${run.id}`),
      await api.get('/runs', { limit: 1 }),
      await api.get('/no-such-route'),
      await api.request('PUT', '/runs'),
      await api.request('POST', '/runs', { body: '{' }),
      await api.request('DELETE', `/runs/${run.id}`),
    ];
    const ids = replies.map(({ headers }) => headers['x-request-id']);
    for (const [i, id] of ids.entries()) assert.ok(id, `${replies[i]?.request} has X-Request-Id`);
    assert.equal(new Set(ids).size, ids.length, `request ids differ: ${ids.join()}`);
  });

  check("the caller's request id is kept, on success, errors and streams", async ({ api }) => {
    const headers = { 'x-request-id': 'conformance-4711' };
    const run = await api.createRun();
    const good = await api.request('GET', `/runs/${run.id}`, { headers });
    assert.equal(good.headers['x-request-id'], 'conformance-4711');
    const bad = await api.request('GET', `/runs/${UNKNOWN_RUN}`, { headers });
    assert.equal(expectError(bad, 404, 'RUN_NOT_FOUND').request_id, 'conformance-4711');
    const watcher = await api.watch(run.id, { headers });
    assert.equal(watcher.headers['x-request-id'], 'conformance-4711');
  });

  check('an unknown query parameter is refused by name, on every route', async ({ api }) => {
    const run = await api.createRun();
    const path = `/runs/${run.id}`;
    const query = { limitt: 5 };
    const replies = [
      await api.get('/runs', query),
      await api.get(path, query),
      await api.get(`${path}/events`, query),
      await api.streamReply(run.id, { query }),
      await api.request('POST', '/runs', { query, json: { task: 'x' } }),
      await api.request('POST', `${path}/events`, { query, json: numbered(1) }),
      await api.request('POST', `${path}/cancel`, { query, json: {} }),
      await api.request('DELETE', path, { query }),
    ];
    for (const reply of replies) {
      const error = expectError(reply, 400, 'VALIDATION_FAILED');
      assert.match(named(error), /limitt/, `${reply.request}: the error names the parameter`);
    }
    assert.equal((await api.run(run.id)).sequence, 1, 'what was refused did nothing');
  });

  check('an unknown property of a body is refused by name, at every level', async ({ api }) => {
    const run = await api.createRun();
    const bodies: [string, JsonObject][] = [
      ['/runs', { task: 'x', typo_here: 1 }],
      ['/runs', { task: 'x', context: { typo_here: 1 } }],
      [`/runs/${run.id}/cancel`, { typo_here: 1 }],
      [`/runs/${run.id}/events`, { ...numbered(1), typo_here: 1 }],
      [`/runs/${run.id}/events`, { ...numbered(1), context: { typo_here: 1 } }],
      [`/runs/${run.id}/events`, { ...numbered(1), source: { agent_id: 'a', typo_here: 1 } }],
      [`/runs/${run.id}/events`, { event: { category: 'llm', action: 'stream', typo_here: 1 }, data: {} }],
    ];
    for (const [path, json] of bodies) {
      const error = expectError(await api.request('POST', path, { json }), 400, 'VALIDATION_FAILED');
      assert.match(
        named(error),
        /typo_here/,
        `${path} ${JSON.stringify(json)}: the error names the property`,
      );
    }
    const now = await api.run(run.id);
    assert.equal(now.sequence, 1, 'what was refused did nothing');
    assert.equal(now.status, 'running');
  });

  check('a broken schema is explained as {path, message} in details', async ({ api }) => {
    const replies = [
      await api.request('POST', '/runs', { json: {} }),
      await api.get('/runs', { limit: 'many' }),
      await api.request('POST', `/runs/${(await api.createRun()).id}/events`, {
        json: [numbered(1), { ...numbered(2), source: { agent_id: 5 } }],
      }),
    ];
    for (const reply of replies) {
      const { details } = expectError(reply, 400, 'VALIDATION_FAILED');
      assert.ok(
        Array.isArray(details) && details.length > 0,
        `${reply.request}: details is a list, got ${reply.text}`,
      );
      for (const item of details as JsonObject[]) {
        assert.equal(typeof item.path, 'string', `path in ${JSON.stringify(item)}`);
        assert.equal(typeof item.message, 'string', `message in ${JSON.stringify(item)}`);
      }
    }
  });

  check('a body that is not JSON, or not UTF-8, is 400', async ({ api }) => {
    const run = await api.createRun();
    const bad = [
      '{',
      '{"task": }',
      'task=x',
      '"text"',
      'null',
      '7',
      Buffer.from('{"task":"\xff\xfe"}', 'latin1'),
    ];
    for (const path of ['/runs', `/runs/${run.id}/events`]) {
      for (const body of bad) {
        expectError(await api.request('POST', path, { body }), 400, 'VALIDATION_FAILED');
      }
    }
  });

  check('a body that is neither JSON nor NDJSON is 415', async ({ api }) => {
    const run = await api.createRun();
    const body = JSON.stringify(numbered(1));
    for (const contentType of ['text/plain', 'application/xml', 'application/x-www-form-urlencoded']) {
      const reply = await api.request('POST', `/runs/${run.id}/events`, { body, contentType });
      expectError(reply, 415, 'UNSUPPORTED_MEDIA_TYPE');
    }
    const started = await api.request('POST', '/runs', { body: '{"task":"x"}', contentType: 'text/plain' });
    expectError(started, 415, 'UNSUPPORTED_MEDIA_TYPE');
  });

  check('JSON with an explicit charset=utf-8 is taken', async ({ api }) => {
    const contentType = 'application/json; charset=utf-8';
    const reply = await api.request('POST', '/runs', { body: '{"task":"é"}', contentType });
    assert.equal(expectStatus(reply, 201).json<{ task: string }>().task, 'é');
  });

  check(
    'a JSON request over the limit is 413 PAYLOAD_TOO_LARGE and stores nothing',
    async ({ api, limits }) => {
      const run = await api.createRun();
      const content = 'x'.repeat(900_000);
      const events = Array.from(
        { length: Math.ceil((limits.maxRequestBytes + 500_000) / content.length) },
        () => eventOf('llm.stream', { content }),
      );
      // The answer comes while the body is still on its way, and must get through whether or not the connection
      // is to be kept (a proxy in front often asks for `close`).
      for (const connection of ['keep-alive', 'close', 'keep-alive', 'close']) {
        expectError(await api.post(run.id, events, { connection }), 413, 'PAYLOAD_TOO_LARGE');
      }
      assert.equal((await api.run(run.id)).sequence, 1);
    },
  );

  check('times are ISO 8601 in UTC with milliseconds and Z', async ({ api }) => {
    const run = await api.createRun();
    await api.request('POST', `/runs/${run.id}/cancel`, { json: {} });
    const ended = await api.run(run.id);
    assert.match(ended.created_at, UTC_TIME);
    assert.match(String(ended.started_at), UTC_TIME);
    assert.match(String(ended.completed_at), UTC_TIME);
    assert.match(String(ended.expires_at), UTC_TIME);
    for (const { timestamp } of await api.history(run.id)) assert.match(timestamp, UTC_TIME);
  });

  check('names on the wire are snake_case', async ({ api }) => {
    const run = await api.createRun();
    await api.append(run.id, numbered(1, { source: { agent_id: 'a' }, context: { session_id: 's' } }));
    const list = expectStatus(await api.get('/runs', { limit: 1 }), 200).json<unknown>();
    const bodies = [await api.run(run.id), await api.page(run.id), list];
    const wrong = JSON.stringify(bodies).match(/"[a-z]+[A-Z]\w*":/g);
    assert.deepEqual(wrong ?? [], []);
  });
});
