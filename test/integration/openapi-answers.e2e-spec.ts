import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { encodeProvisionalEvent, EventTypeRegistry, prepareEvent } from '../../src/events/index.js';
import { SseParser } from '../conformance/sse-parser.js';
import { OpenApiDocument } from '../support/openapi.js';
import { serveHere, type Serving } from '../support/service.js';

/** What one sends, and what came back: compared with the document at once. */
interface Answer {
  status: number;
  body: Record<string, unknown>;
}

interface Outgoing {
  query?: string;
  headers?: Record<string, string>;
  json?: unknown;
  text?: string;
  contentType?: string;
}

const RUN = 'GET /runs/{run_id}';
const APPEND = 'POST /runs/{run_id}/events';
const APPEND_LINES = 'POST /runs/{run_id}/events/ndjson';
const HISTORY = 'GET /runs/{run_id}/events';
const STREAM = 'GET /runs/{run_id}/events/stream';
const CANCEL = 'POST /runs/{run_id}/cancel';
const DELETE = 'DELETE /runs/{run_id}';
const NDJSON = 'application/x-ndjson';
const UNKNOWN_RUN = 'r0_00000000000000000000000000';

let service: Serving;
let document: OpenApiDocument;

beforeAll(async () => {
  service = await serveHere({ MAX_REQUEST_BYTES: String(4 * 1024 * 1024) });
  document = await OpenApiDocument.of(service.url);
});
afterAll(() => service.stop());

/** Sends a request and expects its answer to be what the document says of the operation. */
async function call(name: string, runId: string, outgoing: Outgoing = {}): Promise<Answer> {
  const [method = '', path = ''] = name.split(' ');
  const { query = '', headers = {}, json, contentType = 'application/json' } = outgoing;
  const text = json === undefined ? outgoing.text : JSON.stringify(json);
  const response = await fetch(service.url + path.replace('{run_id}', runId) + query, {
    method,
    headers: { ...headers, ...(text !== undefined && { 'Content-Type': contentType }) },
    ...(text !== undefined && { body: text }),
  });
  const type = response.headers.get('content-type');
  let body: unknown;
  if (type?.startsWith('text/event-stream')) {
    await response.body?.cancel();
    // What its frames hold is framesOf()'s affair; here it only has to be one of them.
    body = {};
  } else {
    const received = await response.text();
    body = received === '' ? undefined : JSON.parse(received);
  }
  expect(document.answerProblems(name, response.status, type, body)).toEqual([]);
  return { status: response.status, body: (body ?? {}) as Record<string, unknown> };
}

/** Reads a stream to its end, and expects each frame's data to be what the document says; returns their names. */
async function framesOf(name: string, runId: string, query = ''): Promise<string[]> {
  const [, path = ''] = name.split(' ');
  const response = await fetch(service.url + path.replace('{run_id}', runId) + query);
  const media = document.operation(name).responses['200']!.content!['text/event-stream']!;
  const names: string[] = [];
  const problems: string[] = [];
  const parser = new SseParser((item) => {
    if (item.kind !== 'frame') return;
    names.push(item.event);
    problems.push(...document.check.problems(media.schema, JSON.parse(item.data), item.event));
  });
  parser.push(new Uint8Array(await response.arrayBuffer()));
  expect(problems).toEqual([]);
  return names;
}

async function createRun(fields: Record<string, unknown> = {}): Promise<string> {
  const { status, body } = await call('POST /runs', '', { json: { task: 'openapi', ...fields } });
  expect(status).toBe(201);
  return body['id'] as string;
}

function eventOf(type: string, fields: Record<string, unknown> = {}): Record<string, unknown> {
  const [category, action] = type.split('.');
  return { event: { category, action }, source: { agent_id: 'a1' }, data: {}, ...fields };
}

const ending = (result: unknown) => eventOf('lifecycle.completed', { source: null, data: { result } });

describe('answers of the service are what the document says', () => {
  it('health', async () => {
    expect((await call('GET /health/live', '')).status).toBe(200);
    expect((await call('GET /health/ready', '')).status).toBe(200);
  });

  it.each([
    ['a string', 'done'],
    ['a number', 0.5],
    ['a boolean', false],
    ['an array', [1, { a: [null] }]],
    ['an object', { a: { b: 'c' } }],
    ['null', null],
  ])('a run from beginning to end, with %s as its result', async (_, result) => {
    const context = { session_id: 's1', mode: 'rlm', artifact_paths: ['a,b.txt'] };
    const runId = await createRun({ input: { any: [1] }, labels: { project: 'web' }, context });
    const everything = eventOf('llm.stream', {
      source: { agent_id: 'a1', agent_type: 'worker', agent_name: 'Reviewer', team_name: 'red' },
      data: { content: 'hello', constructor: [] },
      context: {
        session_id: 's',
        epic_id: 'e',
        task_id: 't',
        git_sha: 'g',
        mode: 'normal',
        artifact_paths: ['p'],
      },
      metadata: { tokens: 3 },
      timestamp: '2026-11-21T17:01:19.000Z',
      idempotency_key: 'key-1',
    });
    expect(document.check.problems(document.check.named('EventInputDto'), everything)).toEqual([]);
    const { properties = {} } = document.check.named('EventInputDto');
    expect(Object.keys(everything).sort()).toEqual(Object.keys(properties).sort());
    expect((await call(APPEND, runId, { json: everything })).status).toBe(201);
    expect(
      (await call(APPEND, runId, { json: [everything, eventOf('log.stdout')] })).body['duplicates'],
    ).toBe(1);
    const text = `${JSON.stringify(eventOf('gate.requested'))}\n${JSON.stringify(ending(result))}\n`;
    const [gate = '', end = ''] = text.split(/(?<=\n)/);
    const asLines = { contentType: NDJSON };
    expect((await call(APPEND_LINES, runId, { ...asLines, text: gate })).body['count']).toBe(1);
    // Described at the other operation; taken here too.
    const response = await fetch(`${service.url}/runs/${runId}/events`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-ndjson' },
      body: end,
    });
    expect(response.status).toBe(200);
    const { content } = document.operation(APPEND_LINES).responses['200']!;
    expect(document.check.problems(content!['application/json']!.schema, await response.json())).toEqual([]);

    expect((await call(RUN, runId)).body).toMatchObject({ status: 'completed', result });
    expect((await call(HISTORY, runId)).body).toMatchObject({ count: 5, next_id: null });
    expect((await call(HISTORY, runId, { query: '?limit=2' })).body['next_id']).toMatch(/-3$/);
    expect((await call('GET /runs', '', { query: '?label=project:web&limit=1' })).body['count']).toBe(1);
    const last = (await call(HISTORY, runId, { query: '?order=desc&limit=1' })).body['events'] as {
      id: string;
    }[];
    const frames = await framesOf(STREAM, runId);
    expect(frames.filter((kind) => kind === 'close')).toEqual(['close']);
    expect(await framesOf(STREAM, runId, '?type=gate.*')).toEqual(['cursor', 'gate.requested', 'close']);
    expect((await call(STREAM, runId, { query: `?last_event_id=${last[0]!.id}` })).status).toBe(204);
    expect((await call(DELETE, runId)).status).toBe(204);
  });

  it('frames of a watcher whose cursor is no position of the log, and what is only provisional', async () => {
    const runId = await createRun();
    await call(APPEND, runId, { json: ending('x') });
    expect(await framesOf(STREAM, runId, '?last_event_id=9-9')).toEqual([
      ...['gap', 'lifecycle.started', 'lifecycle.completed', 'close'],
    ]);
    const types = new EventTypeRegistry();
    const event = prepareEvent(eventOf('llm.stream', { idempotency_key: 'executor:1:a:1' }), types);
    const frame: unknown = JSON.parse(encodeProvisionalEvent('default', runId, event));
    const { schema } = document.operation(STREAM).responses['200']!.content!['text/event-stream']!;
    expect(document.check.problems(schema, frame)).toEqual([]);
  });

  it('a run that is cancelled, one that failed, and an upload without a line', async () => {
    const runId = await createRun();
    const empty = await call(APPEND_LINES, runId, { text: '\n', contentType: 'application/x-ndjson' });
    expect(empty).toMatchObject({ status: 200, body: { count: 0, last_id: null } });
    expect((await call(CANCEL, runId, { json: { reason: 'enough' } })).body['status']).toBe('cancelled');
    const failing = await createRun();
    const failed = eventOf('lifecycle.failed', { source: null, data: { error: 'no space', details: {} } });
    expect((await call(APPEND, failing, { json: failed })).status).toBe(201);
    expect((await call(RUN, failing)).body).toMatchObject({ status: 'failed', error: 'no space' });
  });

  it('errors, with codes that are documented at the operation', async () => {
    const runId = await createRun();
    const ended = await createRun();
    await call(APPEND, ended, { json: ending('x') });
    const code = async (name: string, id: string, outgoing: Outgoing = {}): Promise<unknown> =>
      (await call(name, id, outgoing)).body['code'];
    const stdout = eventOf('log.stdout');
    const large = { ...stdout, data: { line: 'x'.repeat(1024 * 1024) } };

    for (const name of [...document.operations.keys()].filter((other) => other.includes('{run_id}'))) {
      const outgoing =
        name === APPEND
          ? { json: stdout }
          : name === APPEND_LINES
            ? { text: JSON.stringify(stdout), contentType: NDJSON }
            : {};
      expect([name, await code(name, UNKNOWN_RUN, outgoing)]).toEqual([name, 'RUN_NOT_FOUND']);
      expect([name, await code(name, runId, { ...outgoing, query: '?nope=1' })]).toEqual([
        name,
        'VALIDATION_FAILED',
      ]);
    }
    for (const name of ['POST /runs', CANCEL, APPEND]) {
      const xml = { text: '<a/>', contentType: 'application/xml' };
      expect([name, await code(name, runId, xml)]).toEqual([name, 'UNSUPPORTED_MEDIA_TYPE']);
      const tooLarge = { text: JSON.stringify('x'.repeat(5 * 1024 * 1024)) };
      expect([name, await code(name, runId, tooLarge)]).toEqual([name, 'PAYLOAD_TOO_LARGE']);
      expect([name, await code(name, runId, { text: '{' })]).toEqual([name, 'VALIDATION_FAILED']);
    }
    expect(await code('POST /runs', '', { json: { task: 't', executor: 'nobody' } })).toBe(
      'UNKNOWN_EXECUTOR',
    );
    expect(await code(CANCEL, ended)).toBe('RUN_ENDED');
    expect(await code(APPEND, ended, { json: stdout })).toBe('RUN_ENDED');
    expect(await code(APPEND, runId, { json: eventOf('un.known') })).toBe('UNKNOWN_EVENT_TYPE');
    expect(await code(APPEND, runId, { json: large })).toBe('EVENT_TOO_LARGE');
    const sequence = { 'Expected-Sequence': '99' };
    expect(await code(APPEND, runId, { json: stdout, headers: sequence })).toBe('SEQUENCE_CONFLICT');
    for (const name of ['POST /runs', APPEND]) {
      const headers = { 'Idempotency-Key': `openapi-${name}-${runId}` };
      const first = name === APPEND ? stdout : { task: 'a' };
      expect((await call(name, runId, { headers, json: first })).status).toBe(201);
      const other = name === APPEND ? eventOf('log.stderr') : { task: 'b' };
      expect(await code(name, runId, { headers, json: other })).toBe('IDEMPOTENCY_CONFLICT');
    }
    for (const name of [HISTORY, STREAM]) {
      expect(await code(name, runId, { query: '?type=un.known' })).toBe('UNKNOWN_EVENT_TYPE');
    }
    expect(await code(HISTORY, runId, { query: '?start_id=1' })).toBe('INVALID_EVENT_ID');
    expect(await code(STREAM, runId, { query: '?last_event_id=1' })).toBe('INVALID_EVENT_ID');
    expect(await code(STREAM, runId, { headers: { 'Last-Event-ID': 'x' } })).toBe('INVALID_EVENT_ID');
    const lines = { text: `${JSON.stringify(stdout)}\n{\n`, contentType: NDJSON };
    expect(await code(APPEND_LINES, runId, lines)).toBe('VALIDATION_FAILED');
    for (const contentType of ['application/json', 'application/xml']) {
      const wrong = { text: JSON.stringify(stdout), contentType };
      expect(await code(APPEND_LINES, runId, wrong)).toBe('UNSUPPORTED_MEDIA_TYPE');
    }
  });

  it('limits and enums of query parameters', async () => {
    const runId = await createRun();
    for (const [name, { parameters }] of document.operations) {
      for (const { in: where, name: parameter, schema } of parameters) {
        if (where !== 'query') continue;
        const status = async (value: unknown): Promise<[string, string, number]> => {
          const query = `?${parameter}=${String(value)}`;
          return [name, parameter, (await call(name, runId, { query })).status];
        };
        const { minimum, maximum, default: preset } = schema;
        const values = schema.enum ?? (schema.$ref ? document.check.named('RunStatus').enum : undefined);
        for (const good of values ?? []) expect(await status(good)).toEqual([name, parameter, 200]);
        // There is no group here: what passes the checks is not found.
        const passed = name.includes('{group}') ? 404 : 200;
        if (typeof preset === 'string' || typeof preset === 'number')
          expect(await status(encodeURIComponent(preset))).toEqual([name, parameter, passed]);
        if (values) expect(await status('bogus')).toEqual([name, parameter, 400]);
        if (minimum !== undefined) expect(await status(minimum - 1)).toEqual([name, parameter, 400]);
        if (maximum !== undefined) expect(await status(maximum + 1)).toEqual([name, parameter, 400]);
      }
    }
  });
});
