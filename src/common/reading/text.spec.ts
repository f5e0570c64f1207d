import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { clip, hasAtMost, isPrintable, isText } from './text.js';

const unicode = fc.string({ unit: 'binary' });

describe('hasAtMost', () => {
  it('counts code points, variation selectors among them', () => {
    fc.assert(
      fc.property(unicode, fc.nat(40), (text, max) => {
        expect(hasAtMost(text, max)).toBe(Array.from(text).length <= max);
      }),
    );
    expect(hasAtMost('❤️', 1)).toBe(false);
    expect(hasAtMost('👍👍', 2)).toBe(true);
  });
});

describe('isText', () => {
  it('is a string of so many characters that UTF-8 can hold', () => {
    expect(isText('👍', 1, 1)).toBe(true);
    for (const none of ['', 'ab', '\ud800', '\udc00', 1, null, undefined, ['a'], {}]) {
      expect(isText(none, 1, 1)).toBe(false);
    }
  });
});

describe('isPrintable', () => {
  it('is a text without control characters', () => {
    for (const text of ['a b', 'ü', '👍'.repeat(3), '{*}']) expect(isPrintable(text, 1, 3)).toBe(true);
    for (const none of ['', 'abcd', '\0', '\n', '\t', '\x7f', '\x85', '\ud800', 1, null, ['a']])
      expect(isPrintable(none, 1, 3)).toBe(false);
  });
});

describe('clip', () => {
  it('cuts between characters, and leaves what is short enough', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
        fc.integer({ min: 3, max: 20 }),
        (text, max) => {
          const cut = clip(text, max);
          expect(cut.length).toBeLessThanOrEqual(max);
          expect(cut.isWellFormed()).toBe(true);
          if (text.length <= max) expect(cut).toBe(text);
        },
      ),
    );
    expect(clip('👍👍👍', 4)).toBe('👍…');
    expect(clip('a\ud800b', 10)).toBe('a\ufffdb');
  });
});
