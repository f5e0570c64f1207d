import { randomUUID } from 'node:crypto';
import { closeSync, linkSync, mkdirSync, openSync, readdirSync, rmSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SetupError, say } from './report.mjs';

/** O_CREAT | O_RDWR | O_NONBLOCK | O_EXLOCK of macOS and the BSDs. */
const OPEN_LOCKED = 0x200 | 0x2 | 0x4 | 0x20;

/**
 * Runs the work while no other set-up of this checkout runs. The kernel gives the lock up with the process, so a killed
 * set-up stands in nobody's way. (The service has the same for its data folder, in `exclusive-lock.ts`, which says how
 * it works; set-up runs before that is built.)
 */
export async function alone(projectDir, work) {
  const cache = join(projectDir, '.cache');
  let release = await tryLock(cache);
  if (!release) say('another set-up of this checkout is running: waiting for it');
  while (!release) {
    await delay(200);
    release = await tryLock(cache);
  }
  try {
    return await work();
  } finally {
    release();
  }
}

function tryLock(cache) {
  return process.platform === 'linux'
    ? lockSocket(join(cache, 'setup-locks'))
    : lockFile(join(cache, 'setup.lock'));
}

async function lockSocket(folder) {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  assertOwn(folder);
  // Through the open folder, since the kernel takes 108 bytes for the path of a socket.
  const handle = openSync(folder, 'r');
  const address = (name) => `/proc/self/fd/${handle}/${name}`;
  const numbers = () => readdirSync(folder).map(Number).filter(Number.isInteger);
  try {
    const last = Math.max(0, ...numbers());
    if (last > 0 && (await isHeld(address(String(last))))) return undefined;
    const own = `process-${process.pid}-${randomUUID()}`;
    const holder = await listen(address(own));
    const number = last + 1;
    const linked = tryLink(join(folder, own), join(folder, String(number)));
    rmSync(join(folder, own), { force: true });
    if (!linked || Math.max(...numbers()) > number) {
      holder.close();
      return undefined;
    }
    for (const name of readdirSync(folder)) {
      if (!(Number(name) >= number)) rmSync(join(folder, name), { force: true });
    }
    return () => holder.close();
  } finally {
    closeSync(handle);
  }
}

/** Another user who can write to .cache could have made the folder first, and taken the lock for good. */
function assertOwn(folder) {
  const trusted = [process.getuid(), 0, statSync(import.meta.filename).uid];
  if (trusted.includes(statSync(folder).uid)) return;
  throw new SetupError(`${folder} belongs to another user: start from a checkout that is yours.`);
}

function listen(address) {
  return new Promise((resolve, reject) => {
    const holder = createServer((connection) => connection.destroy());
    holder.once('error', reject);
    holder.listen(address, () => resolve(holder));
  });
}

function tryLink(path, as) {
  try {
    linkSync(path, as);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST' || error.code === 'ENOENT') return false;
    throw error;
  }
}

function isHeld(address) {
  return new Promise((resolve, reject) => {
    const socket = connect(address, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ECONNRESET') resolve(false);
      else if (error.code === 'EAGAIN' || error.code === 'ENOENT') resolve(true);
      else reject(error);
    });
  });
}

function lockFile(path) {
  try {
    const file = openSync(path, OPEN_LOCKED, 0o600);
    return () => closeSync(file);
  } catch (error) {
    if (error.code === 'EAGAIN') return undefined;
    throw error;
  }
}
