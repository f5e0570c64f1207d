import { createHash } from 'node:crypto';
import { lstat, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { distrust } from '../../common/index.js';
import { EmbeddedRedisError } from './embedded-redis-error.js';

/** The kernel takes 104 bytes (macOS) or 108 (Linux), with the closing zero. */
const MAX_PATH_BYTES = 100;

export interface SocketPaths {
  /** Where the guardian hands out leases. */
  lease: string;
  /** Where Redis listens. */
  redis: string;
}

/** Both sockets lie in the data folder, or, where its path is too long for a socket, in a private folder of the user's home. */
export async function socketPaths(dataDir: string): Promise<SocketPaths> {
  const paths = { lease: join(dataDir, 'lease.sock'), redis: join(dataDir, 'redis.sock') };
  // A `?` would begin the options in the address that ioredis is given.
  if (Buffer.byteLength(paths.lease) <= MAX_PATH_BYTES && !dataDir.includes('?')) return paths;
  const folder = await privateFolder(createHash('sha256').update(dataDir).digest('hex').slice(0, 16));
  return { lease: join(folder, 'lease.sock'), redis: join(folder, 'redis.sock') };
}

/** Not in /tmp, where any user could have made a folder of this name before, and nobody else can remove it. */
async function privateFolder(name: string): Promise<string> {
  const folder = join(homedir(), '.cache', 'runstream', name);
  if (Buffer.byteLength(join(folder, 'lease.sock')) > MAX_PATH_BYTES || folder.includes('?')) {
    throw new EmbeddedRedisError(
      `the paths of the data folder and of ${folder} are too long for a socket. Move the data folder to a shorter path`,
    );
  }
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const found = await lstat(folder);
  const doubt = found.isDirectory() ? distrust(folder, found) : `${folder} is no folder`;
  if (doubt !== undefined) throw new EmbeddedRedisError(`${doubt}. Remove it and start again`);
  return folder;
}
