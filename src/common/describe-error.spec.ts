import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { errorReport, errorText, isInstance, MAX_ERROR_TEXT, valueText } from './describe-error.js';
import { RedisUnavailableError, RunstreamError } from './errors.js';

const causes = (n: number): Error => new Error(`no ${n}`, n > 0 ? { cause: causes(n - 1) } : {});

describe('The text of a value', () => {
  it.each<[string, unknown, string]>([
    ['a plain error', new Error('no luck'), 'no luck'],
    ['with a name', new TypeError('no luck'), 'TypeError: no luck'],
    ['with a code', Object.assign(new Error('no luck'), { code: 'E42' }), 'no luck (E42)'],
    ['with a cause', new Error('outer', { cause: new RangeError('inner') }), 'outer [caused by: RangeError: inner]'],
    ['of several', new AggregateError([new Error('a'), 'b'], 'both'), 'AggregateError: both [a; b]'],
    ['without a message', new Error(''), 'an error without a message'],
    ['an object that looks like one', { code: 'E7', message: 'a library' }, 'a library (E7)'],
    ['a message that is an object', Object.assign(new Error(), { message: { code: 'E42' } }), '{ code: "E42" }'],
    ['a text', 'no', 'no'],
    ['an empty text', '', 'an empty text'],
    ['nothing', undefined, 'undefined'],
    ['an object', { a: 1, b: { c: 2 } }, '{ a: 1, b: an object }'],
    ['a list', [1, 2], 'a list of 2'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
  ])('%s', (_, value, text) => {
    expect(errorText(value)).toBe(text);
  }); // prettier-ignore

  it('keeps what a RunstreamError hides, and the log has it', () => {
    const error = new RunstreamError('INTERNAL_ERROR', 'Look into the log.', {
      cause: new Error('secret host'),
    });
    expect(errorText(new Error('x', { cause: error }))).not.toContain('secret');
    expect(errorText(error)).not.toContain('secret');
    expect(errorReport(error)).toContain('secret host');
    expect(errorText(new RedisUnavailableError(new Error('10.0.0.1')))).not.toContain('10.0.0.1');
  });

  it('ends, whatever is behind what', () => {
    const circle = new Error('round');
    circle.cause = circle;
    expect(errorText(circle)).toContain('round');
    expect(errorReport(causes(1000)).length).toBeLessThan(17_000);
    expect(errorText(new AggregateError(Array.from({ length: 100 }, () => causes(3)))).length).toBeLessThan(
      1001,
    );
  });

  it('cuts between characters', () => {
    const text = errorText(`${'a'.repeat(MAX_ERROR_TEXT - 2)}😀😀`);
    expect(text).toHaveLength(MAX_ERROR_TEXT - 1);
    expect(text.endsWith('a…')).toBe(true);
  });

  it('never throws and is never empty, for any value', () => {
    fc.assert(
      fc.property(
        fc.anything({ withNullPrototype: true, withBigInt: true, withSparseArray: true }),
        (value) => {
          const hostile = new Proxy({}, {
          get: () => {
            throw value;
          },
          getPrototypeOf: () => {
            throw value;
          },
        }); // prettier-ignore
          for (const one of [
            value,
            { message: value },
            Object.assign(new Error(), { message: value }),
            hostile,
          ]) {
            for (const text of [errorText(one), errorReport(one), valueText(one)]) expect(text).not.toBe('');
            expect(isInstance(one, RunstreamError)).toBe(false);
          }
        },
      ),
    );
  });
});
