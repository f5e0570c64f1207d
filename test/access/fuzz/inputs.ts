import fc from 'fast-check';

/** One HTTP request, as bytes. */
export interface Input {
  readonly method: string;
  /** Latin-1, as it goes over the wire. */
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: string;
}

/** What inputs are made around: ids that there are, a key that is good. */
export interface Known {
  readonly runId: string;
  readonly eventId: string;
  readonly credential: string;
  readonly ticket: string;
}

export function toBytes({ method, path, headers, body }: Input): Buffer {
  const content = Buffer.from(body ?? '', 'utf8');
  const lines = [`${method} ${path} HTTP/1.1`, 'Connection: close'];
  if (!headers.some(([name]) => name === 'Host')) lines.push('Host: 127.0.0.1');
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  if (body !== undefined) lines.push(`Content-Length: ${content.length}`);
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), content]);
}

const AWKWARD = [
  ...[
    '',
    ' ',
    '*',
    '..',
    '../..',
    '%',
    '%00',
    '%2e%2e%2f',
    '%ff',
    '\0',
    '{}',
    '{a}',
    'a:b',
    '-',
    '+',
    '$',
    '0-0',
    '-1',
    '1e400',
  ],
  ...[
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'null',
    'undefined',
    'NaN',
    'true',
    '[]',
    '[object Object]',
  ],
  ...[
    '18446744073709551615-1',
    '9007199254740993',
    '9999999999999-999999999999999',
    "' OR 1=1 --",
    '<script>',
    '${7*7}',
  ],
  ...['\u2028', '\ud800', '🙂', 'ı', 'ſ', '\r\n', 'a\nb', '\x7f', 'default', 'tenant:x:runstream:{x.0}:runs'],
];

/** Text that somebody might try, long runs of the same included: those make a bad regular expression slow. */
export function text(...near: readonly string[]): fc.Arbitrary<string> {
  const mutated = near.map((one) =>
    fc
      .tuple(fc.nat(one.length), fc.string({ maxLength: 3, unit: 'binary' }), fc.nat(3))
      .map(([at, put, cut]) => one.slice(0, at) + put + one.slice(at + cut)),
  );
  return fc.oneof(
    fc.constantFrom(...AWKWARD, ...near),
    fc.string({ maxLength: 60, unit: 'binary' }),
    fc.string({ maxLength: 60 }),
    fc
      .tuple(fc.string({ minLength: 1, maxLength: 4 }), fc.nat(2000), fc.string({ maxLength: 3 }))
      .map(([unit, times, end]) => unit.repeat(times) + end),
    ...mutated,
  );
}

/** As a part of a path or query: percent-encoded, or as it is but for what would end the request line. */
export function inUrl(values: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(values, fc.boolean())
    .map(([value, encoded]) =>
      encoded
        ? encodeURIComponent(Buffer.from(value, 'utf8').toString('utf8'))
        : latin1(value).replace(/[\s#?]/g, '_'),
    );
}

/** As a header's value: without what would end the line. */
export function inHeader(values: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return values.map((value) =>
    latin1(value)
      .replace(/[\r\n\0]/g, '_')
      .slice(0, 6000),
  );
}

function latin1(value: string): string {
  return Buffer.from(value, 'utf8').toString('latin1');
}

export const authorized = ({ credential }: Known) => ['Authorization', `Bearer ${credential}`] as const;
export const JSON_TYPE = ['Content-Type', 'application/json'] as const;
export const LINES_TYPE = ['Content-Type', 'application/x-ndjson'] as const;

const RUN_ROUTES = [
  ...[
    'GET /runs/X',
    'GET /runs/X/events',
    'GET /runs/X/events/stream',
    'DELETE /runs/X',
    'POST /runs/X/cancel',
  ],
  ...['POST /runs/X/stream-tickets', 'DELETE /keys/X', 'POST /consumers/X/pause', 'DELETE /consumers/X'],
  ...[
    'POST /dead-letters/X/redrive',
    'DELETE /dead-letters/X',
    'GET /X',
    'GET /docs/X',
    'GET /health/X',
    'PATCH /X',
    'OPTIONS /X',
  ],
];

export function ids(known: Known): fc.Arbitrary<Input> {
  // An id that there is would be deleted, or waited for.
  const id = inUrl(
    text('r0_00000000000000000000000000', 'r65535_01kbz6v2m8e7q9n4t3x5c1d2fa', '0123456789abcdef'),
  );
  return fc.tuple(fc.constantFrom(...RUN_ROUTES), id).map(([route, value]) => {
    const [method = '', path = ''] = route.split(' ');
    return { method, path: path.replace('X', () => value), headers: [authorized(known)] };
  });
}

const HEADERS = [
  ...[
    'Authorization',
    'Cookie',
    'X-Tenant-ID',
    'X-Request-Id',
    'Last-Event-ID',
    'Idempotency-Key',
    'Expected-Sequence',
  ],
  ...[
    'Content-Type',
    'Content-Encoding',
    'Accept',
    'Origin',
    'Host',
    'X-Forwarded-Proto',
    'Range',
    'If-None-Match',
    'Upgrade',
  ],
  ...['X-HTTP-Method-Override', 'Access-Control-Request-Method', 'Forwarded', '__proto__', 'constructor'],
];

export function headers(known: Known): fc.Arbitrary<Input> {
  const { runId, eventId, credential } = known;
  const near = [
    'application/json; charset=utf-8',
    `runstream_session=${'a'.repeat(43)}`,
    `Bearer ${credential}`,
    eventId,
  ];
  const header = fc.tuple(fc.constantFrom(...HEADERS), inHeader(text(...near)));
  const route = fc.constantFrom(
    'GET /runs',
    `GET /runs/${runId}/events/stream`,
    'POST /runs',
    `POST /runs/${runId}/events`,
    'POST /session',
  );
  return fc
    .tuple(route, fc.array(header, { minLength: 1, maxLength: 4 }), fc.boolean())
    .map(([to, some, known_]) => {
      const [method = '', path = ''] = to.split(' ');
      const own = known_ && !some.some(([name]) => name === 'Authorization') ? [authorized(known)] : [];
      return { method, path, headers: [...own, ...some], ...(method === 'POST' && { body: '{}' }) };
    });
}

export function cursors(known: Known): fc.Arbitrary<Input> {
  const { runId, eventId } = known;
  const value = text(eventId, '1795279279000-42', runId);
  const place = fc.constantFrom(
    ...[
      `/runs/${runId}/events?start_id=`,
      `/runs/${runId}/events?end_id=`,
      `/runs/${runId}/events?order=desc&start_id=`,
    ],
    ...[
      `/runs/${runId}/events/stream?last_event_id=`,
      '/events/stream?last_event_id=',
      '/events?start_id=',
      '/events?end_id=',
    ],
    ...['/runs?cursor=', '/dead-letters?cursor=', `/runs/${runId}/events/stream`, '/events/stream'],
  );
  return fc
    .tuple(place, inUrl(value), inHeader(value))
    .map(([path, encoded, plain]) =>
      path.endsWith('=')
        ? { method: 'GET', path: path + encoded, headers: [authorized(known)] }
        : { method: 'GET', path, headers: [authorized(known), ['Last-Event-ID', plain]] },
    );
}

const PARAMETERS = [
  ...[
    'status',
    'executor',
    'label',
    'limit',
    'cursor',
    'start_id',
    'end_id',
    'order',
    'type',
    'last_event_id',
    'from',
    'named',
  ],
  ...[
    'run_id',
    'ticket',
    'group',
    '__proto__',
    'constructor',
    'limit[]',
    'type[a]',
    '__proto__[x]',
    'wait_seconds',
  ],
];

export function queries(known: Known): fc.Arbitrary<Input> {
  const routes = [
    '/runs',
    `/runs/${known.runId}/events`,
    `/runs/${known.runId}/events/stream`,
    '/events',
    '/events/stream',
  ];
  const more = ['/consumers', '/dead-letters', '/keys', '/metrics', '/health/ready', '/docs-json', '/'];
  const value = inUrl(text('llm.*,lifecycle.completed', 'running', '50', 'a:b', known.runId, known.eventId));
  const pair = fc
    .tuple(fc.oneof(fc.constantFrom(...PARAMETERS), inUrl(text())), value)
    .map(([name, one]) => `${name}=${one}`);
  return fc
    .tuple(fc.constantFrom(...routes, ...more), fc.array(pair, { maxLength: 4 }))
    .map(([path, pairs]) => ({
      method: 'GET',
      path: `${path}?${pairs.join('&')}`,
      headers: [authorized(known)],
    }));
}

/** Credentials that are none: nothing but an error may come of them. */
export function credentials(known: Known): fc.Arbitrary<Input> {
  const paths = [
    `/runs/${known.runId}/events/stream`,
    '/events/stream',
    '/runs',
    '/keys',
    `/runs/${known.runId}`,
  ];
  // Whatever was put into a good one: what is still good would be no finding.
  const secret = text(known.ticket, known.credential).filter(
    (one) => !one.includes(known.ticket) && !one.includes(known.credential),
  );
  return fc
    .tuple(fc.constantFrom(...paths), inUrl(secret), inHeader(secret), fc.nat(2))
    .map(([path, encoded, plain, where]) => {
      if (where === 0) return { method: 'GET', path: `${path}?ticket=${encoded}`, headers: [] };
      const header =
        where === 1 ? ['Authorization', `Bearer ${plain}`] : ['Cookie', `runstream_session=${plain}`];
      return { method: 'GET', path, headers: [[header[0]!, header[1]!]] };
    });
}

export function tenantIds(): fc.Arbitrary<Input> {
  const tenant = inHeader(text('fuzz-tenant', 'a'.repeat(63), 'a:b', '{a.0}', 'tenant:a'));
  return fc.tuple(tenant, fc.boolean()).map(([value, writes]) => ({
    method: writes ? 'POST' : 'GET',
    path: '/runs',
    headers: [['X-Tenant-ID', value], ...(writes ? [JSON_TYPE] : [])],
    ...(writes && { body: '{"task":"t"}' }),
  }));
}
