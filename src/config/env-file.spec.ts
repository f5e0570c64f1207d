import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadEnvFile } from './env-file.js';

describe('A .env file', () => {
  let folder: string;
  const load = async (content: string | Buffer, env: NodeJS.ProcessEnv = {}) => {
    const path = join(folder, '.env');
    await writeFile(path, content);
    await loadEnvFile(path, env);
    return env;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'runstream-test-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('adds variables to those that are there', async () => {
    const env = await load('PORT=1\n# a comment\nHOST="::1"\nEMPTY=\n', { PORT: '2' });
    expect(env).toEqual({ PORT: '2', HOST: '::1', EMPTY: '' });
  });

  it('J28 may begin with a byte order mark, and have lines that end with \\r\\n', async () => {
    expect(await load('\ufeffPORT=1\r\nTENANT="é"\r\n')).toEqual({ PORT: '1', TENANT: 'é' });
  });

  it('J28 is UTF-8', async () => {
    await expect(load(Buffer.from('A=\xe9', 'latin1'))).rejects.toThrow(/\.env: not valid UTF-8 at byte 2/);
  });

  it('need not be there', async () => {
    await expect(loadEnvFile(join(folder, 'missing'), {})).resolves.toBeUndefined();
  });
});
