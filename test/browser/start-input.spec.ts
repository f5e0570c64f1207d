import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fieldsOf, inputOf } from '../../packages/dashboard/src/pages/start/input-schema.js';
import { parseInput } from '../../packages/dashboard/src/pages/start/json-input.js';
import { whereJsonEnds } from '../../packages/dashboard/src/pages/start/json-scan.js';
import { parseLabels } from '../../packages/dashboard/src/pages/start/labels.js';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('input that somebody types', () => {
  it.each([
    ['{"a": 1,}', /^1:9: “}” is not JSON here/],
    ['{\n  "a": x\n}', /^2:8: /],
    ['{"a": ', /^1:7: it ends too soon/],
    ['{"a": [1, {"b": "x\ny"}]}', /^1:17: /],
    ['{"a": 01}', /^1:8: /],
    ['{} {}', /^1:4: /],
    ["{'a': 1}", /^1:2: /],
    ['[1]', /^1:1: the input must be an object/],
  ])('%j says where it is wrong', (text, said) => {
    expect(() => parseInput(text)).toThrow(said);
  });

  it('is what JSON.parse() takes, and nothing else', () => {
    fc.assert(
      fc.property(
        fc.json(),
        fc.nat(),
        fc.constantFrom('', '"', ',', '}', '0', '\\'),
        (json, position, character) => {
          const at = position % (json.length + 1);
          const text = json.slice(0, at) + character + json.slice(at + (position % 2));
          expect(whereJsonEnds(text) === undefined).toBe(isJson(text));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('is an object, or empty', () => {
    expect([parseInput(' '), parseInput('{"a": [1]}')]).toEqual([{}, { a: [1] }]);
  });

  const schema = {
    type: 'object',
    properties: {
      recording: { type: 'string', enum: ['demo', 'other'] },
      speed: { anyOf: [{ type: 'number' }, { const: 'max' }], default: 1 },
      times: { type: 'integer', description: 'How often' },
      loud: { type: 'boolean' },
      name: { type: 'string' },
    },
    required: ['recording', 'name'],
  };

  it('has fields where a schema is a flat object', () => {
    const fields = fieldsOf(schema) ?? [];
    expect(fields.map(({ kind, initial }) => [kind, initial])).toEqual([
      ['choice', 'demo'],
      ['json', '1'],
      ['number', ''],
      ['boolean', ''],
      ['text', ''],
    ]);
    expect(inputOf(fields, {})).toEqual({ recording: 'demo', speed: 1, name: '' });
    const given = { recording: 'other', speed: '"max"', times: '3', loud: 'false', name: '7' };
    expect(inputOf(fields, given)).toEqual({
      recording: 'other',
      speed: 'max',
      times: 3,
      loud: false,
      name: '7',
    });
    expect(() => inputOf(fields, { speed: 'max' })).toThrow(/^speed is no JSON/);
  });

  it.each([
    null,
    { type: 'array' },
    { type: 'object' },
    { type: 'object', properties: { deep: { type: 'object' } }, required: ['deep'] },
  ])('is JSON for %j', (other) => {
    expect(fieldsOf(other)).toBeUndefined();
  });

  it('has labels', () => {
    expect(parseLabels('project:web, url: http://x ,')).toEqual({ project: 'web', url: 'http://x' });
    expect(() => parseLabels('project')).toThrow(/“project” is no label/);
  });
});
