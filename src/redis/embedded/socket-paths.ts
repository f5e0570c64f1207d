import { createHash } from 'node:crypto';
import { lstat, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

/** The kernel takes 104 bytes (macOS) or 108 (Linux), with the closing zero. */
const MAX_PATH_BYTES = 100;

export interface SocketPaths {
  /** Where the guardian hands out leases. */
  lease: string;
  /** Where Redis listens. */
  redis: string;
}

/** Both sockets lie in the data folder, or, where its path is too long for a socket, in a private folder of /tmp. */
export async function socketPaths(dataDir: string): Promise<SocketPaths> {
  const paths = { lease: join(dataDir, 'lease.sock'), redis: join(dataDir, 'redis.sock') };
  // A `?` would begin the options in the address that ioredis is given.
  if (Buffer.byteLength(paths.lease) <= MAX_PATH_BYTES && !dataDir.includes('?')) return paths;
  const folder = await privateFolder(createHash('sha256').update(dataDir).digest('hex').slice(0, 16));
  return { lease: join(folder, 'lease.sock'), redis: join(folder, 'redis.sock') };
}

async function privateFolder(name: string): Promise<string> {
  const user = process.getuid?.() ?? 0;
  const folder = join('/tmp', `runstream-${user}-${name}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const found = await lstat(folder);
  if (!found.isDirectory() || found.uid !== user || (found.mode & 0o077) !== 0) {
    throw new Error(`${folder} is not a private folder of this user. Remove it and start again.`);
  }
  return folder;
}
