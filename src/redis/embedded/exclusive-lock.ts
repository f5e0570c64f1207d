import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { link, mkdir, open, readdir, readFile, rm, stat, type FileHandle } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';

/** O_CREAT | O_RDWR | O_NONBLOCK | O_EXLOCK of macOS and the BSDs; Node names only some of them. */
const OPEN_LOCKED = 0x200 | 0x2 | 0x4 | 0x20;

/** A lock on a folder that the kernel gives up with its owner, however that one dies: no stale lock is ever in the way. */
export interface ExclusiveLock {
  release(): void;
}

/** Undefined while another process holds the folder's lock. The folder must be one that only this user can write to. */
export async function tryLock(folder: string): Promise<ExclusiveLock | undefined> {
  if (process.platform !== 'linux') return lockFile(join(folder, 'lock'));
  const sockets = await SocketFolder.open(join(folder, 'locks'));
  try {
    return await lockSocket(sockets);
  } finally {
    await sockets.close();
  }
}

/** The process that holds the folder's lock, or held it last; undefined when nobody ever did. */
export async function lockHolder(folder: string): Promise<number | undefined> {
  const pid =
    process.platform === 'linux'
      ? await socketHolder(join(folder, 'locks'))
      : Number(await readFile(join(folder, 'lock'), 'utf8').catch(() => NaN));
  return Number.isSafeInteger(pid) ? pid : undefined;
}

/**
 * Linux has no locked files for Node, so the lock is a socket with a number for its name. The highest number counts,
 * and holds as long as its process listens. Whoever finds nobody listening there takes the next number; making a link
 * succeeds for one process only. The highest number is never removed, so the numbers only grow, and one who counted on
 * an old listing sees a higher number afterwards and withdraws.
 */
async function lockSocket(sockets: SocketFolder): Promise<ExclusiveLock | undefined> {
  const last = Math.max(0, ...(await sockets.numbers()));
  if (last > 0 && (await isHeld(sockets.address(String(last))))) return undefined;
  const holder = createServer((connection) => connection.destroy());
  // The name says who it is; the link below is the same file under its number, and listens from its first moment.
  const own = `process-${process.pid}-${randomUUID()}`;
  await once(holder.listen(sockets.address(own)), 'listening');
  const number = last + 1;
  if (!(await sockets.link(own, String(number))) || Math.max(...(await sockets.numbers())) > number) {
    await withdraw(holder, sockets, own);
    return undefined;
  }
  for (const name of await sockets.names()) {
    if (name !== own && !(Number(name) >= number)) await sockets.remove(name);
  }
  return { release: () => void holder.close() };
}

async function withdraw(holder: Server, sockets: SocketFolder, own: string): Promise<void> {
  holder.close();
  await sockets.remove(own);
}

/** True as well where a process listens that does not answer, for it is alive; and where the number is gone, for a higher one has come. */
async function isHeld(address: string): Promise<boolean> {
  const socket = connect(address);
  try {
    await once(socket, 'connect');
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Reset: it listened a moment ago, and closed before it took this connection.
    if (code === 'ECONNREFUSED' || code === 'ECONNRESET') return false;
    if (code === 'EAGAIN' || code === 'ENOENT') return true;
    throw error;
  } finally {
    socket.destroy();
  }
}

async function socketHolder(folder: string): Promise<number | undefined> {
  const names = await readdir(folder).catch(() => []);
  const last = Math.max(0, ...names.map(Number).filter(Number.isInteger));
  const inodeOf = (name: string) =>
    stat(join(folder, name)).then(
      ({ ino }) => ino,
      () => undefined,
    );
  const wanted = last > 0 ? await inodeOf(String(last)) : undefined;
  if (wanted === undefined) return undefined;
  for (const name of names) {
    const pid = /^process-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && (await inodeOf(name)) === wanted) return Number(pid);
  }
  return undefined;
}

/** A private folder with sockets in it. */
class SocketFolder {
  private constructor(
    private readonly path: string,
    private readonly handle: FileHandle,
  ) {}

  static async open(path: string): Promise<SocketFolder> {
    await mkdir(path, { recursive: true, mode: 0o700 });
    return new SocketFolder(path, await open(path, 'r'));
  }

  /** The kernel takes 108 bytes for the path of a socket. This one is short, whatever the folder is called. */
  address(name: string): string {
    return `/proc/self/fd/${this.handle.fd}/${name}`;
  }

  names(): Promise<string[]> {
    return readdir(this.path);
  }

  async numbers(): Promise<number[]> {
    return (await this.names()).map(Number).filter(Number.isInteger);
  }

  /** False when the new name is taken, or the old one was cleaned away by a process that has the lock now. */
  async link(name: string, as: string): Promise<boolean> {
    try {
      await link(join(this.path, name), join(this.path, as));
      return true;
    } catch (error) {
      if (['EEXIST', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
      throw error;
    }
  }

  remove(name: string): Promise<void> {
    return rm(join(this.path, name), { force: true });
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

function lockFile(path: string): ExclusiveLock | undefined {
  try {
    const file = openSync(path, OPEN_LOCKED, 0o600);
    ftruncateSync(file);
    writeSync(file, String(process.pid));
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
