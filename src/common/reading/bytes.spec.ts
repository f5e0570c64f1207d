import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { concatBytes } from './bytes.js';

describe('concatBytes', () => {
  it('gives the bytes of all parts in their order', () => {
    const part = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: 'grapheme' }).map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        expect(concatBytes(parts).toString()).toBe(parts.map(String).join(''));
      }),
    );
  });
});
