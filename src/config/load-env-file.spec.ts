import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmod, chown, lchown, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from './config-error.js';
import { loadOwnEnvFile } from './load-env-file.js';

const asRoot = process.getuid?.() === 0 ? it : it.skip;
const STRANGER = 65_534;
const before = process.cwd();

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runstream-env-'));
  process.chdir(folder);
});

afterEach(async () => {
  process.chdir(before);
  await rm(folder, { recursive: true });
});

describe('.env of the current folder', () => {
  it('need not be there', async () => {
    await expect(loadOwnEnvFile()).resolves.toBeUndefined();
  });

  it('T96 is read when it is this user’s, also by way of a link', async () => {
    await writeFile('real', 'NOBODY_SETS_THIS=1\n');
    await symlink('real', '.env');
    await expect(loadOwnEnvFile()).resolves.toBeUndefined();
  });

  it('T96 is refused when other users can write to it', async () => {
    await writeFile('.env', 'COMMANDS_FILE=theirs.json\n');
    await chmod('.env', 0o666);
    await expect(loadOwnEnvFile()).rejects.toThrow(ConfigError);
    await expect(loadOwnEnvFile()).rejects.toThrow(
      /\.env can be written by other users .*so its settings are not used/,
    );
  });

  asRoot('T96 is refused when it, or the link that leads to it, is another user’s', async () => {
    await writeFile('.env', '');
    await chown('.env', STRANGER, STRANGER);
    await expect(loadOwnEnvFile()).rejects.toThrow(/belongs to another user/);
    await rm('.env');
    await writeFile('mine', '');
    await symlink('mine', '.env');
    await lchown('.env', STRANGER, STRANGER);
    await expect(loadOwnEnvFile()).rejects.toThrow(/belongs to another user/);
  });
});
