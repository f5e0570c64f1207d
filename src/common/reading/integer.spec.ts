import { describe, expect, it } from '@jest/globals';
import { readInteger } from './integer.js';

describe('readInteger', () => {
  it('takes decimal digits within the range', () => {
    expect(readInteger('0', 0, 10)).toBe(0);
    expect(readInteger('010', 0, 10)).toBe(10);
    expect(readInteger('9007199254740991', 1)).toBe(Number.MAX_SAFE_INTEGER);
  });

  it.each(['', ' ', ' 5', '5 ', '5\n', '+5', '-5', '1e1', '0x5', '0b1', '5.0', '5.', '٥', 'NaN', 'Infinity'])(
    'takes no %j',
    (text) => {
      expect(readInteger(text, 0)).toBeUndefined();
    },
  );

  it.each([
    5,
    null,
    undefined,
    ['5'],
    ['5', '5'],
    {},
    true,
    '11',
    '99999999999999999999',
    '9007199254740993',
  ])('takes no %j from 0 to 10', (value) => {
    expect(readInteger(value, 0, 10)).toBeUndefined();
  });
});
