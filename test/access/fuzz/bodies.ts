import fc from 'fast-check';
import { authorized, type Input, JSON_TYPE, type Known, LINES_TYPE, text } from './inputs.js';

const PROPERTIES = [
  ...[
    'task',
    'executor',
    'input',
    'labels',
    'context',
    'event',
    'category',
    'action',
    'source',
    'agent_id',
    'data',
    'metadata',
    'traceparent',
    'tracestate',
  ],
  ...[
    'timestamp',
    'idempotency_key',
    'reason',
    'types',
    'name',
    'scopes',
    'ttl_seconds',
    'key',
    'from',
    'group',
    'type',
    'limit',
  ],
  ...[
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'session_id',
    'artifact_paths',
    'tenant_id',
    'id',
  ],
];

/** JSON whose properties are those that the service knows, in all the wrong places, with all the wrong values. */
function json(): fc.Arbitrary<string> {
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.oneof(
        text('llm', 'stream', 'log', 'stdout', 'external', 'replay', '2026-01-01T00:00:00Z'),
        fc.double(),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
      ),
      fc.array(tie('value'), { maxLength: 4 }),
      fc
        .array(
          fc.tuple(fc.oneof(fc.constantFrom(...PROPERTIES), fc.string({ maxLength: 8 })), tie('value')),
          { maxLength: 6 },
        )
        .map((entries) => new Ordered(entries)),
    ),
  }));
  return fc.oneof(
    { weight: 12, arbitrary: value.map(print) },
    {
      weight: 2,
      arbitrary: fc.tuple(value, fc.nat(), text()).map(([one, at, put]) => splice(print(one), at, put)),
    },
    { weight: 1, arbitrary: fc.nat(20_000).map((depth) => '['.repeat(depth)) },
    {
      weight: 1,
      arbitrary: fc
        .nat(5000)
        .map((depth) => `{"task":"t","input":${'{"a":'.repeat(depth)}1${'}'.repeat(depth + 1)}`),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '',
        'null',
        '1e400',
        '-0',
        '"',
        '{"task":"t","task":"u"}',
        '\ufeff{}',
        '{"a":1,}',
      ),
    },
  );
}

/** An object's properties as a list, since some names would not survive as properties. */
class Ordered {
  constructor(readonly entries: readonly (readonly [string, unknown])[]) {}
}

function print(value: unknown): string {
  if (value instanceof Ordered)
    return `{${value.entries.map(([name, of]) => `${JSON.stringify(name)}:${print(of)}`).join(',')}}`;
  if (Array.isArray(value)) return `[${value.map(print).join(',')}]`;
  return JSON.stringify(value);
}

function splice(whole: string, at: number, put: string): string {
  const place = whole.length === 0 ? 0 : at % whole.length;
  return whole.slice(0, place) + put + whole.slice(place + 1);
}

/** An event that is nearly right. */
function nearlyEvent(): fc.Arbitrary<string> {
  return fc
    .tuple(
      json(),
      fc.constantFrom(
        'data',
        'metadata',
        'source',
        'context',
        'timestamp',
        'idempotency_key',
        'event',
        '__proto__',
      ),
    )
    .map(
      ([value, property]) =>
        `{"event":{"category":"log","action":"stdout"},"source":{"agent_id":"a"},"data":{},"${property}":${value || 'null'}}`,
    );
}

export function jsonBodies(known: Known): fc.Arbitrary<Input> {
  const paths = [
    ...[
      '/runs',
      '/runs',
      `/runs/${known.runId}/events`,
      `/runs/${known.runId}/events`,
      `/runs/${known.runId}/stream-tickets`,
    ],
    ...['/events/stream-tickets', '/keys', '/session', '/consumers/x/replay', '/dead-letters/redrive'],
  ];
  const body = fc.oneof(
    json(),
    nearlyEvent(),
    json().map((one) => `{"task":"t","input":${one}}`),
    nearlyEvent().map((one) => `[${one}]`),
  );
  return fc.tuple(fc.constantFrom(...paths), body).map(([path, text_]) => ({
    method: 'POST',
    path,
    headers: [authorized(known), JSON_TYPE],
    body: text_,
  }));
}

export function lineBodies(known: Known): fc.Arbitrary<Input> {
  const line = fc.oneof(nearlyEvent(), json(), text());
  return fc
    .tuple(fc.array(line, { maxLength: 5 }), fc.constantFrom('\n', '\r\n', '\r', '\n\n'))
    .map(([lines, end]) => ({
      method: 'POST',
      path: `/runs/${known.runId}/events`,
      headers: [authorized(known), LINES_TYPE],
      body: lines.map((one) => one + end).join(''),
    }));
}
