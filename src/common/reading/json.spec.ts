import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ValidationFailedError } from '../errors.js';
import { decodeUtf8, MAX_JSON_DEPTH, parseJson } from './json.js';

function violation(work: () => unknown): { path: string; message: string } {
  try {
    work();
  } catch (error) {
    if (error instanceof ValidationFailedError && error.violations[0]) return error.violations[0];
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('parseJson', () => {
  it('reads every JSON value as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('T64 keeps __proto__, constructor and toString as ordinary keys', () => {
    const text = '{"__proto__":{"a":1},"constructor":{"b":2},"toString":3}';
    const value = parseJson(text) as object;
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor', 'toString']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(JSON.stringify(value)).toBe(text);
  });

  it.each([
    ['1e400', ''],
    ['{"data":{"list":[1,-1E+0400]}}', 'data.list[1]'],
    [`{"a": ${'9'.repeat(400)}}`, 'a'],
    [`[${'9'.repeat(250)}e99]`, '[0]'],
    ['{"a":1.5e309}', 'a'],
  ])('T64 refuses %.40s and names the place', (text, path) => {
    expect(violation(() => parseJson(text))).toEqual({
      path,
      message: expect.stringContaining('IEEE double'),
    });
  });

  it('keeps what only looks too large', () => {
    expect(parseJson('{"a":1e300,"b":"1e400","c":[" 1e999"],"d":1e-400}')).toEqual({
      a: 1e300,
      b: '1e400',
      c: [' 1e999'],
      d: 0,
    });
  });

  it('looks for large numbers in linear time', () => {
    const digits = `["${`${'1'.repeat(199)} `.repeat(20_000)}"]`;
    const start = performance.now();
    parseJson(digits);
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it('says where the text is wrong', () => {
    expect(violation(() => parseJson('{"a": 1,\n  b: 2}')).message).toMatch(/line 2 column 3/);
    expect(violation(() => parseJson('')).message).toMatch(/not valid JSON: Unexpected end/);
    expect(violation(() => parseJson('x', 'events[3]')).path).toBe('events[3]');
  });

  it('takes the deepest nesting that is allowed, and refuses one more', () => {
    const nested = (depth: number) => `${'{"[{":['.repeat(depth / 2)}${']}'.repeat(depth / 2)}`;
    expect(() => parseJson(nested(MAX_JSON_DEPTH))).not.toThrow();
    expect(violation(() => parseJson(nested(MAX_JSON_DEPTH + 2))).message).toMatch(/nested deeper/);
    expect(() => parseJson(JSON.stringify(Array.from({ length: 5000 }, () => [{}])))).not.toThrow();
    const quoted = JSON.stringify(Array.from({ length: 600 }, () => '[{"\\'));
    expect(parseJson(quoted)).toHaveLength(600);
    const after = `["\\\\","\\"",${'['.repeat(600)}${']'.repeat(601)}`;
    expect(violation(() => parseJson(after)).message).toMatch(/nested deeper/);
    expect(violation(() => parseJson('['.repeat(100_000))).message).toMatch(/nested deeper/);
  });

  it('skips a byte order mark', () => {
    expect(parseJson('\ufeff{}')).toEqual({});
  });
});

describe('decodeUtf8', () => {
  it('gives the text', () => {
    expect(decodeUtf8(Buffer.from('a\u{1f600}\ufffd'))).toBe('a\u{1f600}\ufffd');
  });

  it('names the first byte that is wrong, past a replacement character that was really sent', () => {
    const bytes = Buffer.concat([Buffer.from('ä\ufffd'), Buffer.from([0xc3, 0x28])]);
    expect(violation(() => decodeUtf8(bytes)).message).toMatch(/at byte 5;/);
  });
});
