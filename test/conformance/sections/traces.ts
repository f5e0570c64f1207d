import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Client, expectError, expectStatus } from '../client.js';
import { type AppendReply, type EventInput, type JsonObject, numbered, type Run } from '../model.js';
import { defineSection } from '../runner.js';
import { eachRefused } from './each-refused.js';

const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
const parent = `00-${trace}-00f067aa0ba902b7-01`;
const other = `00-${trace}-b7ad6b7169203331-00`;
const headers = { traceparent: parent, tracestate: 'rojo=1, congo=t61' };
const given: JsonObject = { traceparent: parent, tracestate: 'rojo=1,congo=t61' };

const withContext = (context: JsonObject): EventInput => numbered(1, { context });

async function startedWith(api: Client, sent: Record<string, string>): Promise<Run> {
  const reply = await api.request('POST', '/runs', { json: { task: 'x' }, headers: sent });
  return expectStatus(reply, 201).json<Run>();
}

export const traces = defineSection('2 The event: traces', (check) => {
  check('headers say which trace a run and its events belong to, in JSON and in NDJSON', async ({ api }) => {
    const run = await startedWith(api, headers);
    assert.equal(run.context?.['traceparent'], parent);
    assert.equal(run.context['tracestate'], given['tracestate']);
    const events = [numbered(1), withContext({ task_id: 't' })];
    await api.append(run.id, events, headers);
    await api.appendLines(run.id, events, headers);
    const contexts = (await api.history(run.id)).map(({ context }) => context);
    const withTask = { task_id: 't', ...given };
    assert.deepEqual(contexts, [given, given, withTask, given, withTask]);
  });

  check('an event that names its own trace keeps it, and takes no state from the header', async ({ api }) => {
    const run = await api.createRun();
    await api.append(run.id, withContext({ traceparent: other }), headers);
    const [, event] = await api.history(run.id);
    assert.deepEqual(event?.context, { traceparent: other });
  });

  check('without headers there is no trace, and a malformed header counts as none', async ({ api }) => {
    const malformed = ['', 'x', `${parent}-`, parent.toUpperCase(), parent.replace(trace, '0'.repeat(32))];
    for (const sent of [{}, ...malformed.map((traceparent) => ({ traceparent, tracestate: 'a=1' }))]) {
      const run = await startedWith(api, sent);
      assert.equal(run.context?.['traceparent'], null);
      await api.append(run.id, numbered(1), sent);
      for (const { context } of await api.history(run.id)) assert.equal(context, undefined);
    }
    const run = await startedWith(api, { traceparent: parent, tracestate: 'NO' });
    assert.deepEqual((await api.history(run.id))[0]?.context, { traceparent: parent });
  });

  check('a later version is kept as version 00', async ({ api }) => {
    const run = await startedWith(api, { traceparent: `cc${parent.slice(2)}-what-comes-later` });
    assert.equal(run.context?.['traceparent'], parent);
  });

  check('a malformed member is refused', async (t) => {
    await eachRefused(
      t,
      [
        withContext({ traceparent: 'x' }),
        withContext({ traceparent: '' }),
        withContext({ traceparent: 5 }),
        withContext({ traceparent: `ff${parent.slice(2)}` }),
        withContext({ traceparent: parent, tracestate: 'NO' }),
        withContext({ traceparent: parent, tracestate: `a=${'x'.repeat(253)},b=${'x'.repeat(255)}` }),
        withContext({ tracestate: 'a=1' }),
      ],
      'VALIDATION_FAILED',
    );
    const json = { task: 'x', context: { traceparent: 'x' } };
    expectError(await t.api.request('POST', '/runs', { json }), 400, 'VALIDATION_FAILED');
  });

  check('the same request of another trace is still the same request', async ({ api }) => {
    const key = { 'idempotency-key': randomUUID() };
    const run = await startedWith(api, { ...key, ...headers });
    assert.deepEqual(await startedWith(api, { ...key, traceparent: other }), run);
    const append = { 'idempotency-key': randomUUID() };
    const first = await api.append(run.id, numbered(1), { ...append, ...headers });
    const again = await api.post(run.id, numbered(1), { ...append, traceparent: other });
    assert.deepEqual(expectStatus(again, 201).json<AppendReply>(), first);
  });
});
