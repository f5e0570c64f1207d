import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getMetadataStorage } from 'class-validator';
import { RedriveDto, ReplayDto } from '../../src/operations/index.js';
import { CancelRunDto, CreateRunDto } from '../../src/runs/dto/run.dto.js';
import { startApplication, type TestApplication } from '../support/application.js';
import { handlersOf, routesOf } from '../support/documented-routes.js';
import { OpenApiDocument, type Operation } from '../support/openapi.js';
import type { Schema } from '../support/openapi-schema.js';
import { serveHere, type Serving } from '../support/service.js';

const APPEND = 'POST /runs/{run_id}/events';
const APPEND_LINES = 'POST /runs/{run_id}/events/ndjson';
const STREAM = 'GET /runs/{run_id}/events/stream';
const CANCEL = 'POST /runs/{run_id}/cancel';
const UNKNOWN_RUN = 'r0_00000000000000000000000000';

let service: Serving;
let application: TestApplication;
let document: OpenApiDocument;

beforeAll(async () => {
  [service, application] = await Promise.all([serveHere(), startApplication()]);
  document = await OpenApiDocument.of(service.url);
});
afterAll(async () => {
  await Promise.all([service.stop(), application.close()]);
});

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
      ...[
        'runs',
        'executors',
        'workers',
        'events',
        'journal',
        'stream tickets',
        'consumers',
        'dead letters',
        'tenants',
        'session',
        'health',
      ],
      'metrics',
    ]);
    expect(new Set(tags.map(({ name }) => name))).toEqual(used);
    expect(tags.every(({ description }) => description !== '')).toBe(true);
    expect(servers.map(({ url }) => url)).toEqual(['/']);
  });
});
