import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { lstat, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { distrust } from '../../common/index.js';
import { EmbeddedRedisError } from './embedded-redis-error.js';

const run = promisify(execFile);

/** A Redis (or Valkey) server program and the environment it needs. */
export interface ServerBinary {
  command: string;
  /** The child's whole environment; unset, it inherits this process's. */
  env?: Record<string, string> | undefined;
}

/** There is no program to start. The message names every way out. */
export class RedisServerNotFoundError extends Error {
  constructor() {
    super(
      'There is no Redis server to start. Set REDIS_URL to a Redis 7 or Valkey, run `docker compose up`, ' +
        "or install the system's package (for example `apt-get install redis-server` or `brew install redis`).",
    );
    this.name = 'RedisServerNotFoundError';
  }
}

/** The checkout, or the package, that this file belongs to: never the current folder. */
export const PROJECT_DIR = fileURLToPath(new URL('../../..', import.meta.url));

/**
 * The server that set-up found or unpacked for this checkout (`.cache/redis/server.json`); without one, as in an
 * application that imports Runstream, what the PATH has.
 *
 * @throws EmbeddedRedisError when somebody else could have written that file or its program
 */
export async function locateServerBinary(projectDir = PROJECT_DIR): Promise<ServerBinary> {
  return (await fromSetup(projectDir)) ?? (await fromPath());
}

async function fromSetup(projectDir: string): Promise<ServerBinary | undefined> {
  const folders = [join(projectDir, '.cache'), join(projectDir, '.cache', 'redis')];
  const file = join(projectDir, '.cache', 'redis', 'server.json');
  if (!existsSync(file)) return undefined;
  // Whoever owns the code that runs here is trusted already.
  const { uid } = await stat(fileURLToPath(new URL('.', import.meta.url)));
  for (const path of [...folders, file]) {
    const found = await lstat(path);
    refuse(found.isSymbolicLink() ? `${path} is a link` : distrust(path, found, uid));
  }
  try {
    const binary = JSON.parse(await readFile(file, 'utf8')) as ServerBinary;
    refuse(distrust(binary.command, await stat(binary.command), uid));
    await run(binary.command, ['--version'], { env: binary.env });
    return binary;
  } catch (error) {
    if (error instanceof EmbeddedRedisError) throw error;
    return undefined; // never finished, or moved since
  }
}

/** The file names a program that this process then executes. */
function refuse(doubt: string | undefined): void {
  if (doubt === undefined) return;
  throw new EmbeddedRedisError(
    `${doubt}, so the program that it names is not run. Remove it and start with npm start, which makes it again`,
  );
}

async function fromPath(): Promise<ServerBinary> {
  for (const command of ['redis-server', 'valkey-server']) {
    try {
      await run(command, ['--version']);
      return { command };
    } catch {
      // not this one
    }
  }
  throw new RedisServerNotFoundError();
}
