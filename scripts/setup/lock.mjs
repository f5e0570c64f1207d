import { createHash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { say } from './report.mjs';

/** O_CREAT | O_RDWR | O_NONBLOCK | O_EXLOCK of macOS and the BSDs. */
const OPEN_LOCKED = 0x200 | 0x2 | 0x4 | 0x20;

/**
 * Runs the work while no other set-up of this checkout runs. The kernel gives the lock up with the process, so a killed
 * set-up stands in nobody's way. (The service has the same for its data folder; set-up runs before that is built.)
 */
export async function alone(projectDir, work) {
  let release = await tryLock(projectDir);
  if (!release) say('another set-up of this checkout is running: waiting for it');
  while (!release) {
    await delay(200);
    release = await tryLock(projectDir);
  }
  try {
    return await work();
  } finally {
    release();
  }
}

async function tryLock(projectDir) {
  return process.platform === 'linux'
    ? lockName(projectDir)
    : lockFile(join(projectDir, '.cache', 'setup.lock'));
}

function lockName(projectDir) {
  const name = `\0runstream-setup-${createHash('sha256').update(projectDir).digest('hex').slice(0, 32)}`;
  return new Promise((resolve, reject) => {
    const holder = createServer((connection) => connection.destroy());
    holder.once('error', (error) => (error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)));
    holder.listen(name, () => resolve(() => holder.close()));
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
