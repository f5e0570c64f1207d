import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

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

/**
 * The server that set-up found or unpacked for this checkout (`.cache/redis/server.json`); without one, as in an
 * application that imports Runstream, what the PATH has.
 */
export async function locateServerBinary(projectDir = process.cwd()): Promise<ServerBinary> {
  return (await fromSetup(projectDir)) ?? (await fromPath());
}

async function fromSetup(projectDir: string): Promise<ServerBinary | undefined> {
  try {
    const text = await readFile(join(projectDir, '.cache', 'redis', 'server.json'), 'utf8');
    const binary = JSON.parse(text) as ServerBinary;
    await run(binary.command, ['--version'], { env: binary.env });
    return binary;
  } catch {
    return undefined; // never set up, or moved since
  }
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
