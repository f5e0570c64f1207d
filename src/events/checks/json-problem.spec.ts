import { describe, expect, it } from '@jest/globals';
import { EventTooLargeError, ValidationFailedError } from '../../common/index.js';
import type { JsonObject } from '../envelope.js';
import { EventTypeRegistry } from '../event-types.js';
import { jsonProblem } from './json-problem.js';
import { prepareEvent } from '../prepare-event.js';
import { prepareRun } from '../runs/prepare-run.js';

const types = new EventTypeRegistry();
const event = { category: 'log', action: 'stdout' };
const fails = (): never => {
  throw new Error('no such column');
};
const circle: Record<string, unknown> = {};
circle['self'] = { list: [circle] };
const revoked = Proxy.revocable({}, {});
revoked.revoke();
const shared = { n: 1 };

/** Of what is no JSON: where, and a part of what is said. */
const NO_JSON: [what: string, value: object, path: string, message: RegExp][] = [
  ['a bigint', { rows: [{ id: 1 }, { id: 2n }] }, 'rows[1].id', /is a bigint/],
  ['a boxed bigint', { id: Object(2n) as unknown }, 'id', /is a bigint/],
  ['a circle', { a: circle }, 'a.self.list[0]', /holds itself/],
  ['a getter that throws', { a: { get b() { return fails(); } } }, 'a.b', /can't be read: no such column/], // prettier-ignore
  ['a toJSON that throws', { a: [{ toJSON: fails }] }, 'a[0]', /can't be read: no such column/],
  ['what throws something odd', { a: { toJSON: () => { throw Object.create(null) as Error; } } }, 'a', /can't be read: ./], // prettier-ignore
  ['a revoked proxy', { a: revoked.proxy }, 'a', /can't be read: .*revoked/],
  ['NaN', { a: null, b: [1, NaN] }, 'b[1]', /not finite/],
  ['a boxed infinity', { a: new Number(Infinity) }, 'a', /not finite/],
  ['NaN of a toJSON', { a: { toJSON: () => ({ b: NaN }) } }, 'a.b', /not finite/],
];

/** What JSON has a form for, though it looks odd. */
const JSON_ALL_THE_SAME: object[] = [
  { a: shared, b: [shared, shared] },
  { a: new Date(NaN), b: null },
  { a: { n: NaN, toJSON: () => null } },
  { a: { self: circle, toJSON: () => null } },
  { a: undefined, b: () => 1, c: Symbol('c'), d: [undefined] },
  Object.assign(Object.create({ get inherited() { return fails(); } }) as object, { a: null }), // prettier-ignore
];

describe('What is no JSON, from code', () => {
  it.each(NO_JSON)('is found, and where: %s', (_, value, path, message) => {
    expect(jsonProblem(value)).toEqual({ path, message: expect.stringMatching(message) });
  });

  it.each(NO_JSON)(
    'T265 is VALIDATION_FAILED in whatever belongs to the caller: %s',
    (_, value, path, message) => {
      const given: [string, () => unknown][] = [
        ['data', () => prepareEvent({ event, data: value }, types)],
        ['metadata', () => prepareEvent({ event, data: {}, metadata: value }, types)],
        ['[3].data', () => prepareEvent({ event, data: value }, types, '[3]')],
        ['input', () => prepareRun({ task: 'x', input: value })],
      ];
      for (const [root, prepare] of given) {
        expect(errorOf(prepare)).toMatchObject({
          code: 'VALIDATION_FAILED',
          violations: [{ path: `${root}.${path}`, message: expect.stringMatching(message) }],
        });
      }
    },
  );

  it.each(JSON_ALL_THE_SAME.map((value) => [value]))('is not this: %p', (value) => {
    expect(jsonProblem(value)).toBeUndefined();
    const { body } = prepareEvent({ event, data: value }, types);
    expect(body).toBe(`"data":${JSON.stringify(value)}`);
  });

  it.each<[string, unknown]>([
    ['a date', new Date(0)],
    ['a text in an object', new String('x')],
    ['what says nothing', { toJSON: () => undefined }],
    ['what says it is a list', { toJSON: () => [] }],
  ])('is data that JSON makes no object of: %s', (_, data) => {
    for (const prepare of [
      () => prepareEvent({ event, data }, types),
      () => prepareRun({ task: 'x', input: data as never }),
    ])
      expect(errorOf(prepare)).toMatchObject({
        violations: [{ path: expect.stringMatching(/^(data|input)$/), message: 'must be a JSON object' }],
      });
  });

  it('is also what can not be read in other parts of an event or a run, or as a whole', () => {
    const odd = { get agent_id() { return fails(); } }; // prettier-ignore
    const all: [() => unknown, string][] = [
      [() => prepareEvent({ event, data: {}, source: odd }, types), 'source.agent_id'],
      [() => prepareEvent({ get event() { return fails(); }, data: {} }, types, '[1]'), '[1].event'], // prettier-ignore
      [() => prepareEvent({ event, data: revoked.proxy }, types), 'data'],
      [() => prepareEvent(revoked.proxy, types), ''],
      [() => prepareRun({ task: 'x', labels: { get a() { return fails(); } } }), 'labels.a'], // prettier-ignore
      [() => prepareRun({ task: 'x', context: revoked.proxy }), 'context'],
      [() => prepareRun(revoked.proxy as never), ''],
      [() => prepareRun(undefined as never), ''],
      [
        () => prepareRun({ task: 'x', context: { artifact_paths: [, 'a'] as never } }),
        'context.artifact_paths',
      ], // prettier-ignore
    ];
    for (const [prepare, path] of all) {
      const error = errorOf(prepare);
      expect(error).toBeInstanceOf(ValidationFailedError);
      expect(error).toMatchObject({ violations: [{ path }] });
    }
  });

  it('stores the labels that were checked', () => {
    const labels: JsonObject = Object.create(
      { toJSON: () => 5 },
      { a: { value: 'b', enumerable: true } },
    ) as JsonObject;
    expect(prepareRun({ task: 'x', labels }).labels).toBe('{"a":"b"}');
  });

  it('is too large when it is longer than any text', () => {
    // What V8 says of such a text. To have it made takes half a gigabyte.
    const data = { toJSON: () => 'x'.repeat(2 ** 30) };
    expect(errorOf(() => prepareEvent({ event, data }, types))).toBeInstanceOf(EventTooLargeError);
  });

  it('is nested too deeply, whether it can be printed or not', () => {
    let value: Record<string, unknown> = { n: null };
    for (let depth = 0; depth < 200_000; depth++) value = { value };
    expect(jsonProblem(value)).toEqual({ path: '', message: 'is nested too deeply' });
  });
});

function errorOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('It did not throw.');
}
