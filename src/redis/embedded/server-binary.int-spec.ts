import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmod, chown, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { locateServerBinary } from './server-binary.js';

const asRoot = process.getuid?.() === 0 ? it : it.skip;
const STRANGER = 65_534;

let project: string;
let file: string;
let program: string;

beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'runstream-project-'));
  const cache = join(project, '.cache', 'redis');
  await mkdir(cache, { recursive: true, mode: 0o755 });
  file = join(cache, 'server.json');
  program = join(cache, 'server');
  await writeFile(program, '#!/bin/sh\necho Server v=7.2.0\n');
  await chmod(program, 0o755);
  await writeFile(file, JSON.stringify({ command: program }));
  await chmod(file, 0o644);
});

afterEach(() => rm(project, { recursive: true, force: true }));

const refused = (why: RegExp) => expect(locateServerBinary(project)).rejects.toThrow(why);

describe('the program that set-up chose', () => {
  it('T96 is run when file, folders and program belong to this user alone', async () => {
    expect(await locateServerBinary(project)).toEqual({ command: program });
  });

  it('T96 is looked for in the checkout of this code, not in the current folder', async () => {
    const { command } = await locateServerBinary();
    const before = process.cwd();
    process.chdir(project);
    try {
      expect((await locateServerBinary()).command).toBe(command);
    } finally {
      process.chdir(before);
    }
  });

  it('T96 is not run when other users can write to it, to the file or to a folder on the way', async () => {
    for (const path of [file, program, join(project, '.cache'), join(project, '.cache', 'redis')]) {
      await chmod(path, 0o777);
      await refused(/^The embedded Redis did not start: .* can be written by other users .* is not run/);
      await chmod(path, 0o755);
    }
    expect(await locateServerBinary(project)).toEqual({ command: program });
  });

  it('T96 is not run when the file or a folder on the way is a link', async () => {
    await rename(file, join(project, 'elsewhere.json'));
    await symlink(join(project, 'elsewhere.json'), file);
    await refused(/server\.json is a link, .* npm start/);
    await rename(join(project, '.cache'), join(project, 'elsewhere'));
    await symlink(join(project, 'elsewhere'), join(project, '.cache'));
    await refused(/\.cache is a link/);
  });

  asRoot('T96 is not run when file, folder or program belong to another user', async () => {
    for (const path of [file, program, join(project, '.cache', 'redis')]) {
      await chown(path, STRANGER, STRANGER);
      await refused(/belongs to another user \(uid 65534, this process runs as 0\)/);
      await chown(path, 0, 0);
    }
  });
});
