import { describe, expect, it } from '@jest/globals';
import { ValidationFailedError } from '../../common/index.js';
import { assertRunKey, prepareRun } from './prepare-run.js';

describe('The key of a run', () => {
  const keys = ['a', ' ', 'chat 42', 'Ä/ö:{x}*', '日本', '👍'.repeat(255), 'x'.repeat(255), '__proto__'];
  const none = ['', 'x'.repeat(256), 'a\nb', 'a\0b', '\t', '\x7f', '\x85', '\ud800', 5, {}, ['a'], true];

  it.each(keys)('may be %j', (key) => {
    expect(prepareRun({ task: 'x', key }).key).toBe(key);
    expect(() => {
      assertRunKey(key);
    }).not.toThrow();
  });

  it.each(none)('is not %j', (key) => {
    const asRun = () => prepareRun({ task: 'x', key: key as never });
    const asFilter = () => {
      assertRunKey(key);
    };
    for (const check of [asRun, asFilter]) {
      expect(check).toThrow(ValidationFailedError);
      expect(check).toThrow('key: must be 1 to 255 printable characters');
    }
  });

  it.each([undefined, null])('may be left out: %j', (key) => {
    expect(prepareRun({ task: 'x', key }).key).toBeUndefined();
  });
});
