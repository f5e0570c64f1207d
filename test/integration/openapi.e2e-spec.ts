import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getMetadataStorage } from 'class-validator';
import { encodeProvisionalEvent, EventTypeRegistry, prepareEvent } from '../../src/events/index.js';
import { RedriveDto, ReplayDto } from '../../src/operations/index.js';
import { CancelRunDto, CreateRunDto } from '../../src/runs/dto/run.dto.js';
import { SseParser } from '../conformance/sse-parser.js';
import { startApplication, type TestApplication } from '../support/application.js';
import { handlersOf, routesOf } from '../support/documented-routes.js';
import { OpenApiDocument, type Operation } from '../support/openapi.js';
import type { Schema } from '../support/openapi-schema.js';
import { startService, type Service } from '../support/service.js';

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

let service: Service;
let application: TestApplication;
let document: OpenApiDocument;

beforeAll(async () => {
  [service, application] = await Promise.all([
    startService({ MAX_REQUEST_BYTES: String(4 * 1024 * 1024) }),
    startApplication(),
  ]);
  document = await OpenApiDocument.of(service.url);
});
afterAll(async () => {
  await Promise.all([service.stop(), application.close()]);
});

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

function propertiesOf(Dto: abstract new () => object): string[] {
  const found = getMetadataStorage().getTargetValidationMetadatas(Dto, '', false, false);
  return [...new Set(found.map(({ propertyName }) => propertyName))].sort();
}

const each = (test: (name: string, operation: Operation) => void): void => {
  for (const [name, operation] of document.operations) test(name, operation);
};
const successes = (operation: Operation): string[] =>
  Object.keys(operation.responses).filter((status) => status.startsWith('2'));

describe('the OpenAPI document and the application', () => {
  it('have the same routes', () => {
    const documented = [...document.operations.keys()].sort();
    expect(documented.length).toBeGreaterThan(8);
    expect([...new Set(routesOf(application.app))].sort()).toEqual(documented);
    expect(
      handlersOf(application.app)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(documented);
  });

  it('know the same query parameters', async () => {
    for (const [name, { parameters }] of document.operations) {
      const documented = parameters.flatMap((parameter) =>
        parameter.in === 'query' ? [parameter.name] : [],
      );
      if (documented.length === 0) continue;
      const [method = '', template = ''] = name.split(' ');
      // A ticket is a credential as well, and refused for that first.
      const known = documented.filter((one) => one !== 'ticket').map((one) => `${one}=1`);
      const path = template.replaceAll(/\{(\w+)\}/g, UNKNOWN_RUN);
      const response = await fetch(`${application.url}${path}?${known.join('&')}&nope=1`, { method });
      const { details } = (await response.json()) as { details: { path: string; message: string }[] };
      const unknown = details.filter(({ message }) => message.startsWith('unknown')).map((one) => one.path);
      expect([name, response.status, unknown]).toEqual([name, 400, ['nope']]);
    }
  });

  it('have the same properties in the bodies', () => {
    for (const Dto of [CreateRunDto, CancelRunDto, ReplayDto, RedriveDto]) {
      const { properties = {} } = document.check.named(Dto.name);
      expect([Dto.name, Object.keys(properties).sort()]).toEqual([Dto.name, propertiesOf(Dto)]);
    }
  });

  it('have the same path parameters', () => {
    each((name, { parameters }) => {
      const inPath = parameters.filter((parameter) => parameter.in === 'path');
      const named = [...name.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
      expect([name, inPath.map((parameter) => parameter.name)]).toEqual([name, named]);
      expect(inPath.every(({ required }) => required === true)).toBe(true);
    });
  });
});

describe('the OpenAPI document', () => {
  it('names its schemas, so that generated types have names', () => {
    const names = [
      'RunResponse',
      'RunListResponse',
      'RunStatus',
      'CreateRunDto',
      'CancelRunDto',
      'EventInputDto',
    ];
    names.push('EventResponse', 'EventListResponse', 'AppendResponse', 'NdjsonAppendResponse');
    names.push('ConsumerGroupListResponse', 'ConsumerGroupResponse', 'ReplayDto');
    names.push('DeadLetterListResponse', 'DeadLetterResponse', 'RedriveDto', 'RedriveResponse');
    names.push('ErrorResponse', 'ErrorCode', 'LivenessResponse', 'ReadinessResponse');
    expect(Object.keys(document.json.components.schemas)).toEqual(expect.arrayContaining(names));
  });

  it('gives every operation a summary, and an id that makes a good method name', () => {
    const ids: string[] = [];
    each((name, { operationId = '', summary }) => {
      expect([name, operationId]).toEqual([name, expect.stringMatching(/^[a-z]+[A-Z][A-Za-z]+$/)]);
      expect([name, summary]).toEqual([name, expect.stringMatching(/\w/)]);
      ids.push(operationId);
    });
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('documents the answer of success, with a schema unless there is no content', () => {
    each((name, operation) => {
      expect([name, successes(operation)]).not.toEqual([name, []]);
      for (const status of successes(operation)) {
        const { content } = operation.responses[status]!;
        expect([name, status, content !== undefined]).toEqual([name, status, status !== '204']);
      }
    });
  });

  it('documents errors with the one body and an example for each code', () => {
    each((name, operation) => {
      const errors = Object.keys(operation.responses).filter((status) => status >= '400');
      const expected = ['GET /health/live', 'GET /metrics'].includes(name) ? [] : ['503'];
      if (name.includes('/runs')) expected.push('400');
      if (name.includes('{run_id}')) expected.push('404');
      if (operation.requestBody) expected.push('413', '415');
      expect([name, errors]).toEqual([name, expect.arrayContaining(expected)]);
      for (const status of errors) {
        const media = operation.responses[status]!.content?.['application/json'];
        expect([name, status, media?.schema]).toEqual([
          name,
          status,
          { $ref: '#/components/schemas/ErrorResponse' },
        ]);
        const examples = Object.entries(media?.examples ?? {});
        // Readiness names its two codes in the description.
        if (!name.includes('/health/')) expect([name, status, examples]).not.toEqual([name, status, []]);
        for (const [code, { value }] of examples) {
          expect(document.check.problems(media!.schema, value)).toEqual([]);
          expect(value).toMatchObject({ code });
        }
      }
    });
  });

  it('documents the body of every operation that takes one', () => {
    const withBody = [...document.operations]
      .filter(([, { requestBody }]) => requestBody)
      .map(([name]) => name);
    expect(withBody).toEqual(expect.arrayContaining(['POST /runs', CANCEL, APPEND]));
    for (const name of withBody) {
      const type = name === APPEND_LINES ? 'application/x-ndjson' : 'application/json';
      expect(Object.keys(document.operation(name).requestBody!.content)).toEqual([type]);
    }
  });

  it('documents appending: one event or an array, and lines as an operation of their own', () => {
    const { content, required } = document.operation(APPEND).requestBody!;
    const event = { $ref: '#/components/schemas/EventInputDto' };
    expect(required).toBe(true);
    expect(content['application/json']!.schema).toMatchObject({
      oneOf: [event, { type: 'array', minItems: 1, maxItems: 1000, items: event }],
    });
    const lines = document.operation(APPEND_LINES).requestBody!;
    expect(lines.required).toBe(true);
    expect(lines.content['application/x-ndjson']!.schema).toMatchObject({ type: 'string', format: 'binary' });
  });

  it('describes the frames of the stream', () => {
    const { responses } = document.operation(STREAM);
    expect(Object.keys(responses)).toEqual(expect.arrayContaining(['200', '204']));
    expect(Object.keys(responses['200']!.content ?? {})).toEqual(['text/event-stream']);
    expect(JSON.stringify(document.operation(STREAM))).toMatch(/cursor[^]*gap[^]*close/);
    for (const [name, kinds] of [
      [STREAM, ['EventResponse', 'CursorFrame', 'GapFrame', 'ProvisionalFrame', 'CloseFrame']],
      ['GET /events/stream', ['EventResponse', 'CursorFrame', 'GapFrame']],
    ] as const) {
      const { oneOf = [] } = document.operation(name).responses['200']!.content!['text/event-stream']!.schema;
      expect(oneOf.map(({ $ref, title }) => $ref?.split('/').at(-1) ?? title)).toEqual(kinds);
    }
  });

  it('refers to nothing that is not there, and has no object of which nothing is said', () => {
    const { schemas } = document.json.components;
    const problems: string[] = [];
    const look = (value: unknown, path: string): void => {
      if (typeof value !== 'object' || value === null) return;
      const { $ref, type, properties, additionalProperties, allOf } = value as Schema;
      if (typeof $ref === 'string' && !Object.hasOwn(schemas, $ref.replace('#/components/schemas/', '')))
        problems.push(`${path} refers to ${$ref}`);
      const isObject = [type].flat().includes('object');
      if (isObject && !properties && additionalProperties === undefined && !allOf)
        problems.push(`${path} is any object`);
      for (const [key, item] of Object.entries(value)) {
        if (key !== 'example' && key !== 'examples') look(item, `${path}/${key}`);
      }
    };
    look(document.json, '#');
    expect(problems).toEqual([]);
  });

  it('gives examples that its own schemas allow', () => {
    const problems: string[] = [];
    const check = (schema: Schema, value: unknown, path: string): void => {
      problems.push(...document.check.problems(schema, value, path));
    };
    let count = 0;
    each((name, { parameters, requestBody, responses }) => {
      for (const { name: parameter, schema } of parameters) {
        if (schema.default !== undefined) check(schema, schema.default, `${name} ${parameter}`);
      }
      for (const content of [requestBody, ...Object.values(responses)].map((part) => part?.content ?? {})) {
        for (const [type, { schema, example, examples = {} }] of Object.entries(content)) {
          const values = Object.values(examples).map(({ value }) => value);
          for (const value of [...values, ...(example === undefined ? [] : [example])]) {
            check(schema, value, `${name} ${type}`);
            count++;
          }
        }
      }
    });
    for (const [name, schema] of Object.entries(document.json.components.schemas)) {
      for (const [key, property] of Object.entries(schema.properties ?? {})) {
        if (property.example === undefined) continue;
        // That of a list is one of its items.
        const value =
          Array.isArray(property.example) || property.type !== 'array'
            ? property.example
            : [property.example];
        check(property, value, `${name}.${key}`);
        count++;
      }
    }
    expect(problems).toEqual([]);
    expect(count).toBeGreaterThan(100);
  });

  it('has properties with a default in no body: generated clients would have to send them', () => {
    const sent = [...document.operations.values()].flatMap(({ requestBody }) =>
      Object.values(requestBody?.content ?? {}).map(({ schema }) => schema),
    );
    expect(
      JSON.stringify(sent.map((schema) => (schema.$ref ? document.check.resolve(schema) : schema))),
    ).not.toMatch(/"default":/);
  });

  it('says which groups there are, in the order in which one meets them', () => {
    const { tags, servers } = document.json;
    const used = new Set([...document.operations.values()].flatMap((operation) => operation.tags ?? []));
    expect(tags.map(({ name }) => name)).toEqual([
      ...['runs', 'events', 'journal', 'stream tickets', 'consumers', 'dead letters', 'health', 'metrics'],
    ]);
    expect(new Set(tags.map(({ name }) => name))).toEqual(used);
    expect(tags.every(({ description }) => description !== '')).toBe(true);
    expect(servers.map(({ url }) => url)).toEqual(['/']);
  });
});

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
