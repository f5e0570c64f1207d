import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';

/** O_CREAT | O_RDWR | O_NONBLOCK | O_EXLOCK of macOS and the BSDs; Node names only some of them. */
const OPEN_LOCKED = 0x200 | 0x2 | 0x4 | 0x20;

/**
 * A lock on a folder that the kernel gives up with its owner, however that one dies: there is no stale lock to clean
 * up, and so no race in cleaning up. On Linux it is a socket name outside the file system, elsewhere a locked file.
 */
export interface ExclusiveLock {
  release(): void;
}

/** Undefined while another process holds the folder's lock. */
export async function tryLock(folder: string): Promise<ExclusiveLock | undefined> {
  return process.platform === 'linux' ? lockName(await identity(folder)) : lockFile(join(folder, 'lock'));
}

/** The folder itself, by whichever path or bind mount it is reached. */
async function identity(folder: string): Promise<string> {
  const { dev, ino } = await stat(folder);
  return `\0runstream-redis-${dev}-${ino}`;
}

async function lockName(name: string): Promise<ExclusiveLock | undefined> {
  const holder = createServer((connection) => connection.destroy());
  try {
    await once(holder.listen(name), 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw error;
  }
  return { release: () => void holder.close() };
}

function lockFile(path: string): ExclusiveLock | undefined {
  try {
    const file = openSync(path, OPEN_LOCKED, 0o600);
    return {
      release: () => {
        closeSync(file);
      },
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
    throw error;
  }
}
