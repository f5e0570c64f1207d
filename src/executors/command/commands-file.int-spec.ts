import { describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestExecutors } from '../../../test/support/executors.js';
import { type CommandsFile, readCommandsFile } from './commands-file.js';

async function read(text: string | Buffer): Promise<CommandsFile> {
  const folder = await mkdtemp(join(tmpdir(), 'runstream-commands-'));
  const path = join(folder, 'commands.json');
  await writeFile(path, text);
  return readCommandsFile(path).finally(() => rm(folder, { recursive: true }));
}

describe('The commands file', () => {
  it('names commands, with defaults', async () => {
    const commands = await read(
      '{"lint": {"argv": ["npm", "run", "lint"]}, "say:hi": {"argv": ["echo", ""], "timeout_seconds": 0.5, "cwd": ".", "env": {"CI": "1"}}}',
    );
    expect([...commands.keys()]).toEqual(['lint', 'say:hi']);
    expect(commands.get('lint')).toEqual({
      name: 'lint',
      argv: ['npm', 'run', 'lint'],
      timeoutSeconds: 600,
      cwd: undefined,
      env: {},
    });
    expect(commands.get('say:hi')).toMatchObject({
      timeoutSeconds: 0.5,
      cwd: expect.stringMatching(/^\/.*runstream-commands-[^/]+$/),
      env: { CI: '1' },
    });
  });

  it.each([
    ['{', 'not valid JSON'],
    ['{"lint":\n{"argv" []}}', 'line 2 column 9'],
    ['{"lint": {"argv": ["a"], "timeout_seconds": 1e400}}', 'lint.timeout_seconds: a number too large'],
    ['[]', 'it must be one JSON object'],
    ['{"a b": {"argv": ["x"]}}', '"a b" can\'t name a command'],
    ['{"lint": "npm run lint"}', 'lint: must be an object'],
    ['{"lint": {}}', 'lint.argv: must be an array of strings'],
    ['{"lint": {"argv": []}}', 'lint.argv'],
    ['{"lint": {"argv": [""]}}', 'lint.argv'],
    ['{"lint": {"argv": ["a", 1]}}', 'lint.argv'],
    [
      '{"lint": {"argv": ["a"], "timeout": 1}}',
      'lint.timeout: is not known; there are argv, timeout_seconds',
    ],
    ['{"lint": {"argv": ["a"], "timeout_seconds": 0}}', 'lint.timeout_seconds'],
    ['{"lint": {"argv": ["a"], "timeout_seconds": "60"}}', 'lint.timeout_seconds'],
    ['{"lint": {"argv": ["a"], "cwd": "nowhere"}}', 'nowhere is not a folder'],
    ['{"lint": {"argv": ["a"], "env": {"A": 1}}}', 'lint.env'],
  ])('%s is refused', async (text, problem) => {
    await expect(read(text)).rejects.toThrow(problem);
  });

  it('J28 may begin with a byte order mark, and is UTF-8', async () => {
    const text = '{"lint": {"argv": ["é"]}}';
    expect((await read(`\ufeff${text}`)).get('lint')?.argv).toEqual(['é']);
    await expect(read(Buffer.from(text, 'latin1'))).rejects.toThrow('not valid UTF-8 at byte 20');
  });

  it('tells all that is wrong at once', async () => {
    await expect(read('{"a": {"argv": []}, "b": {"argv": ["x"], "env": []}}')).rejects.toThrow(
      /a\.argv: [^]*b\.env: [^]*It looks like/,
    );
  });

  it('stops the start when it is wrong, or missing', async () => {
    await expect(createTestExecutors({ commands: { lint: {} } })).rejects.toThrow('lint.argv');
    await expect(readCommandsFile('/nowhere/commands.json')).rejects.toThrow(/it can't be read: .*ENOENT/);
  });
});
