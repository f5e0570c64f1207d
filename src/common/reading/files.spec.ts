import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readJsonFile, readTextFile } from './files.js';

describe('a file from outside', () => {
  let folder: string;
  const file = async (content: string | Buffer) => {
    const path = join(folder, 'file.json');
    await writeFile(path, content);
    return path;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'runstream-test-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('may begin with a byte order mark', async () => {
    expect(await readJsonFile(await file('\ufeff{"a":"é"}'))).toEqual({ a: 'é' });
    expect(await readTextFile(await file('\ufeffPORT=1'))).toBe('PORT=1');
  });

  it.each<[string, string | Buffer, RegExp]>([
    ['a byte that is no UTF-8', Buffer.from('{"a":"\xff"}', 'latin1'), /file\.json: .*UTF-8 at byte 6/],
    ['a syntax error', '{\n  "a": 1,\n}', /file\.json: .*line 3 column 1/],
    ['a number that no double holds', '{"a":{"b":1e400}}', /file\.json: a\.b: a number too large/],
    ['too deep a nesting', '['.repeat(2000) + ']'.repeat(2000), /file\.json: nested deeper/],
    ['too much of it', `"${'x'.repeat(1024 * 1024)}"`, /file\.json: it has more than 1048576 bytes/],
    ['nothing', '', /file\.json: not valid JSON/],
  ])('is refused for %s, with the name and the place', async (_, content, message) => {
    await expect(readJsonFile(await file(content))).rejects.toThrow(message);
  });

  it('is refused when it can not be read, or never ends', async () => {
    await expect(readJsonFile(join(folder, 'missing'))).rejects.toThrow(
      /missing: it can't be read: .*ENOENT/,
    );
    await expect(readTextFile(folder)).rejects.toThrow(/it can't be read: .*EISDIR/);
    await expect(readTextFile('/dev/zero')).rejects.toThrow(/more than 1048576 bytes/);
  });
});
