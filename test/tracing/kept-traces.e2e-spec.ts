import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Module } from '@nestjs/common';
import {
  EventHandler,
  type Handler,
  type HandlerContext,
  type RecordedEvent,
  type RunExecution,
  RunExecutor,
  Runstream,
} from '../../src/index.js';
import { startApplication, type TestApplication } from '../support/application.js';
import { testRedisUrl } from '../support/redis.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const traceparent = `00-${TRACE}-b7ad6b7169203331-01`;
const other = `00-${TRACE}-00f067aa0ba902b7-01`;

interface Run {
  id: string;
  context: { traceparent: string | null; tracestate: string | null };
}

@RunExecutor('says')
class Says {
  async execute(run: RunExecution): Promise<unknown> {
    await run.emit('log.stdout', { line: 'a' });
    await run.emit('log.stdout', { line: 'b' }, { context: { traceparent: other } });
    return run.context.traceparent;
  }
}

/** Answers a request with the trace that it came in, and starts a run. */
@EventHandler({ group: 'answers', types: ['gate.requested'] })
class Answers implements Handler {
  handle({ run_id, context: trace }: RecordedEvent, context: HandlerContext): void {
    const id = context.startRun({ task: 'next' });
    context.publish(run_id, { type: 'gate.approved', data: { id, traceparent: trace?.traceparent } });
  }
}

@Module({ providers: [Says, Answers] })
class WorkModule {}

/** Nobody traces here: what came in is kept and handed on all the same. */
describe('A trace without a tracing system', () => {
  let application: TestApplication;
  beforeAll(async () => {
    const redis = { url: testRedisUrl(), keyPrefix: `test-${randomUUID()}:` };
    application = await startApplication({ redis }, { imports: [WorkModule] });
  });
  afterAll(() => application.close());

  const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(application.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const started = async (body: object = {}, headers: Record<string, string> = {}): Promise<Run> => {
    const response = await post('/runs', { task: 'x', ...body }, headers);
    expect(response.status).toBe(201);
    return (await response.json()) as Run;
  };
  const line = (more: object = {}) => ({ event: { category: 'log', action: 'stdout' }, ...more });
  const eventsOf = async (runId: string): Promise<RecordedEvent[]> => {
    const response = await fetch(`${application.url}/runs/${runId}/events`);
    return ((await response.json()) as { events: RecordedEvent[] }).events;
  };
  const contextsOf = async (runId: string) => (await eventsOf(runId)).map(({ context }) => context);
  const firstOf = async (runId: string, type: string): Promise<RecordedEvent> => {
    for await (const update of application.app.get(Runstream).watch(runId))
      if (update.kind === 'event' && `${update.event.event.category}.${update.event.event.action}` === type)
        return update.event;
    throw new Error(`There was no ${type}.`);
  };
  const ended = async (runId: string): Promise<Run & { status: string; result: unknown }> => {
    const response = await fetch(`${application.url}/runs/${runId}?wait_seconds=60`);
    return (await response.json()) as Run & { status: string; result: unknown };
  };

  it('goes from the header into the run, its first event and what is appended', async () => {
    const headers = { traceparent, tracestate: 'a=1, b=2' };
    const trace = { traceparent, tracestate: 'a=1,b=2' };
    const run = await started({ context: { session_id: 's' } }, headers);
    expect(run.context).toMatchObject({ session_id: 's', ...trace });
    const path = `/runs/${run.id}/events`;
    expect((await post(path, line(), headers)).status).toBe(201);
    const own = [line({ context: { task_id: 't' } }), line({ context: { traceparent: other } })];
    expect((await post(path, own, headers)).status).toBe(201);
    const lines = own.map((event) => `${JSON.stringify(event)}\n`).join('');
    const ndjson = { ...headers, 'content-type': 'application/x-ndjson' };
    expect((await post(path, lines, ndjson)).status).toBe(200);
    expect((await post(`/runs/${run.id}/cancel`, {}, { traceparent: other })).status).toBe(200);
    const expected = [
      { session_id: 's', ...trace },
      trace,
      { task_id: 't', ...trace },
      { traceparent: other },
      { task_id: 't', ...trace },
      { traceparent: other },
      { traceparent: other },
    ];
    expect(await contextsOf(run.id)).toEqual(expected);

    const stream = await (await fetch(`${application.url}${path}/stream`)).text();
    const events = [...stream.matchAll(/^data: ?(\{"id".*)$/gm)].map(([, json = '']) => json);
    expect(events.map((json) => (JSON.parse(json) as RecordedEvent).context)).toEqual(expected);
  });

  it('is none when the header is malformed; its state goes by itself', async () => {
    for (const wrong of [`${traceparent}x`, traceparent.toUpperCase(), `00-${'0'.repeat(32)}`, '']) {
      const run = await started({}, { traceparent: wrong, tracestate: 'a=1' });
      expect(run.context).toMatchObject({ traceparent: null, tracestate: null });
      expect((await post(`/runs/${run.id}/events`, line(), { traceparent: wrong })).status).toBe(201);
      expect(await contextsOf(run.id)).toEqual([undefined, undefined]);
    }
    const run = await started({}, { traceparent, tracestate: 'A=1' });
    expect(run.context).toMatchObject({ traceparent, tracestate: null });
  });

  it.each<[object, string]>([
    [{ traceparent: `${traceparent}x` }, 'context.traceparent'],
    [{ traceparent: '' }, 'context.traceparent'],
    [{ traceparent: 7 }, 'context.traceparent'],
    [{ traceparent, tracestate: 'A=1' }, 'context.tracestate'],
    [{ traceparent, tracestate: `a=${'x'.repeat(600)}` }, 'context.tracestate'],
    [{ tracestate: 'a=1' }, 'context.tracestate'],
  ])('is refused as a member when it is malformed: %j', async (context, path) => {
    const { id } = await started();
    for (const response of [
      await post('/runs', { task: 'x', context }, { traceparent }),
      await post(`/runs/${id}/events`, line({ context }), { traceparent }),
    ]) {
      expect(response.status).toBe(400);
      expect(await response.text()).toContain(`"${path}"`);
    }
  });

  it('makes no other request of one that comes again', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const first = await started({}, { ...key, traceparent });
    const again = await post('/runs', { task: 'x' }, { ...key, traceparent: other });
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([201, 'true']);
    expect(await again.json()).toEqual(first);

    const append = { 'idempotency-key': randomUUID() };
    const path = `/runs/${first.id}/events`;
    const appended = await (await post(path, line(), { ...append, traceparent })).json();
    expect(await (await post(path, line(), { ...append, traceparent: other })).json()).toEqual(appended);
    expect(await contextsOf(first.id)).toHaveLength(2);

    const runs = application.app.get(Runstream);
    const idempotencyKey = randomUUID();
    const start = (trace: string) =>
      runs.start({ task: 'x', idempotencyKey, context: { task_id: 't', traceparent: trace } });
    expect((await start(other)).id).toBe((await start(traceparent)).id);
    await expect(runs.start({ task: 'x', idempotencyKey, context: { task_id: 'u' } })).rejects.toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
    });
  });

  it('reaches an executor, and all that is said of its run', async () => {
    const { id } = await started({ executor: 'says' }, { traceparent, tracestate: 'a=1' });
    expect(await ended(id)).toMatchObject({ status: 'completed', result: traceparent });
    const trace = { traceparent, tracestate: 'a=1' };
    expect(await contextsOf(id)).toEqual([trace, trace, { traceparent: other }, trace]);
    // Without one nothing is said.
    const plain = await started({ executor: 'says' });
    expect(await ended(plain.id)).toMatchObject({ status: 'completed', result: null });
    expect(await contextsOf(plain.id)).toEqual([undefined, undefined, { traceparent: other }, undefined]);
  });

  it('reaches a handler, and what it writes through its context', async () => {
    const { id } = await started();
    const asked = { event: { category: 'gate', action: 'requested' } };
    expect((await post(`/runs/${id}/events`, asked, { traceparent })).status).toBe(201);
    const approved = await firstOf(id, 'gate.approved');
    expect(approved).toMatchObject({ data: { traceparent }, context: { traceparent } });
    const next = (approved.data as { id: string }).id;
    expect(await contextsOf(next)).toEqual([{ traceparent }]);
  });

  it('may be sent by pages of other origins', async () => {
    const response = await fetch(`${application.url}/runs`, {
      method: 'OPTIONS',
      headers: {
        origin: 'http://localhost:5173',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,traceparent,tracestate',
      },
    });
    expect(response.headers.get('access-control-allow-origin')).toBe('http://localhost:5173');
    const allowed = response.headers.get('access-control-allow-headers')?.split(',');
    expect(allowed).toEqual(expect.arrayContaining(['traceparent', 'tracestate']));
  });
});
