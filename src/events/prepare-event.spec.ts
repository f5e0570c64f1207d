import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EventTooLargeError, UnknownEventTypeError, ValidationFailedError } from '../common/index.js';
import { EventTypeRegistry } from './event-types.js';
import { MAX_DATA_BYTES } from './checks/check.js';
import { readRunContext } from './event-context.js';
import { prepareEvent } from './prepare-event.js';
import { decodeEvent, encodeEvent } from './recorded-event.js';

const types = new EventTypeRegistry();
const event = { category: 'log', action: 'stdout' };

/** The event as a reader gets it, once it was stored as `5-3`. */
function stored(input: unknown) {
  const { type, body, timestamp, key } = prepareEvent(input, types);
  const entry = { id: '5-3', position: { ms: 5, sequence: 3 }, type, body, timestamp, key, ends: undefined };
  return { json: encodeEvent('t1', 'r0_x', entry), value: decodeEvent('t1', 'r0_x', entry) };
}

function violations(input: unknown, path?: string): string[] {
  try {
    prepareEvent(input, types, path);
  } catch (error) {
    if (error instanceof ValidationFailedError) return error.violations.map((violation) => violation.path);
    throw error;
  }
  return [];
}

describe('Preparing an event', () => {
  it('says what it has: absent, null and empty mean the same', () => {
    const full = stored({ event }).value;
    expect(full).toEqual({
      id: '5-3',
      run_id: 'r0_x',
      tenant_id: 't1',
      sequence: 3,
      timestamp: '1970-01-01T00:00:00.005Z',
      event,
      data: {},
    });
    const nulls = {
      source: null,
      data: null,
      context: null,
      metadata: null,
      timestamp: null,
      idempotency_key: null,
    };
    expect(stored({ event, ...nulls }).value).toEqual(full);
    const context = { session_id: null, mode: null, artifact_paths: [] };
    expect(stored({ event, context, metadata: {} }).value).toEqual(full);
  });

  it('keeps what was sent', () => {
    const input = {
      event,
      source: { agent_id: 'a1', agent_type: 'worker', agent_name: 'Reviewer' },
      data: { content: 'hello' },
      context: {
        session_id: 's',
        epic_id: 'e',
        task_id: 't',
        git_sha: 'g',
        mode: 'rlm',
        artifact_paths: ['a,b'],
      },
      metadata: { any: [1] },
      timestamp: '2026-11-21T17:01:19.000Z',
      idempotency_key: 'k "1" –',
    };
    expect(stored(input).value).toMatchObject(input);
  });

  it('T64 gives data and metadata back as the same JSON value, whatever their keys', () => {
    const text =
      '{"constructor":{"a":1},"__proto__":{"b":2},"toString":"x","hasOwnProperty":null,"then":[],"":0}';
    const { json } = stored({
      event,
      data: JSON.parse(text) as unknown,
      metadata: JSON.parse(text) as unknown,
    });
    expect(json).toContain(`"data":${text}`);
    expect(json).toContain(`"metadata":${text}`);
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ stringUnit: 'binary' })),
        (data) => {
          const encoded = JSON.stringify(data);
          const { json: line } = stored({ event, data: JSON.parse(encoded) as unknown });
          expect(line).toContain(`"data":${encoded}`);
          expect(line).not.toMatch(/[\n\r]/);
        },
      ),
    );
  });

  it('T21 puts any text on one line', () => {
    const content = 'a\nb\r\nc\u0085\u2028d\u2029e\u0000f😀\ud800 data: x\n\nid: 7';
    const { json, value } = stored({ event, data: { content }, idempotency_key: 'data: x' });
    expect(json).not.toMatch(/[\n\r\0\u0085\u2028\u2029]/);
    expect(value.data).toEqual({ content });
  });

  it('T64 refuses numbers that JSON can not hold, instead of storing null', () => {
    for (const data of [{ x: Infinity }, { deep: [{ x: -Infinity }] }, { x: NaN }]) {
      expect(violations({ event, data })).toHaveLength(1);
    }
    expect(violations({ event, data: { x: Number.MAX_VALUE, y: -0, z: 5e-324 } })).toEqual([]);
  });

  it('T53 takes no id, run or tenant from the producer', () => {
    const foreign = { id: '1-1', run_id: 'r0_y', tenant_id: 'other', sequence: 1 };
    expect(violations({ event, ...foreign }).sort()).toEqual(['id', 'run_id', 'sequence', 'tenant_id']);
  });

  it('names everything that is wrong, at once and by its path', () => {
    const wrong = {
      event: { category: 'log', action: 7, extra: 1 },
      source: { agent_name: 'x'.repeat(256) },
      data: [],
      context: { mode: 'fast', artifact_paths: ['x'.repeat(1025)], task: 1 },
      metadata: 'x',
      timestamp: 'yesterday',
      idempotency_key: 'a\nb',
      typo: 1,
    };
    const expected = [
      ...['context.artifact_paths', 'context.mode', 'context.task', 'data', 'event.action', 'event.extra'],
      ...['idempotency_key', 'metadata', 'source.agent_id', 'source.agent_name', 'timestamp', 'typo'],
    ];
    expect(violations(wrong).sort()).toEqual(expected);
    expect(violations(wrong, '[3]').sort()).toEqual(expected.map((path) => `[3].${path}`));
  });

  it.each([null, 7, 'x', [], [{ event }]].map((input) => [input]))('refuses %j as an event', (input) => {
    expect(violations(input)).toEqual(['']);
  });

  it('refuses what is at a limit plus one, and takes what is at it', () => {
    const at = (length: number, paths: number) => ({
      event,
      source: { agent_id: 'x'.repeat(length) },
      context: { artifact_paths: Array.from({ length: paths }, () => 'p') },
      idempotency_key: 'k'.repeat(length),
    });
    expect(violations(at(255, 100))).toEqual([]);
    expect(violations(at(256, 101)).sort()).toEqual([
      'context.artifact_paths',
      'idempotency_key',
      'source.agent_id',
    ]);
    expect(violations({ event, idempotency_key: '' })).toEqual(['idempotency_key']);
  });

  it('refuses unknown types', () => {
    expect(() => prepareEvent({ event: { category: 'nope', action: 'x' } }, types)).toThrow(
      UnknownEventTypeError,
    );
    const injected = { category: 'log', action: 'stdout","data":{"x":1},"y":"' };
    expect(() => prepareEvent({ event: injected }, types)).toThrow(UnknownEventTypeError);
  });

  it('T21 measures data in bytes of JSON: 1 MiB passes, one byte more does not', () => {
    const bytes = (n: number, character: string) => ({
      x: character.repeat((n - '{"x":""}'.length) / Buffer.byteLength(character)),
    });
    for (const character of ['a', 'é', '😀']) {
      expect(violations({ event, data: bytes(MAX_DATA_BYTES, character) })).toEqual([]);
    }
    expect(() => prepareEvent({ event, data: bytes(MAX_DATA_BYTES + 1, 'a') }, types)).toThrow(
      EventTooLargeError,
    );
    expect(() => prepareEvent({ event, metadata: bytes(MAX_DATA_BYTES + 2, 'é') }, types)).toThrow(
      EventTooLargeError,
    );
  });

  it('refuses data nested deeper than it can print', () => {
    let data: Record<string, unknown> = {};
    for (let depth = 0; depth < 200_000; depth++) data = { data };
    expect(violations({ event, data })).toEqual(['data']);
  });
});

describe('The context of a run', () => {
  it('is checked like that of an event', () => {
    expect(readRunContext({ task_id: 't' })).toEqual({
      session_id: null,
      epic_id: null,
      task_id: 't',
      git_sha: null,
      mode: null,
      artifact_paths: [],
      traceparent: null,
      tracestate: null,
    });
    expect(readRunContext(undefined)).toEqual(readRunContext(null));
    expect(() => readRunContext({ taskid: 't' })).toThrow(ValidationFailedError);
    expect(() => readRunContext('x')).toThrow(ValidationFailedError);
  });
});
