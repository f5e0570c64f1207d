import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ExclusiveLock, tryLock } from '../../src/redis/embedded/exclusive-lock.js';

/**
 * Takes the lock of a folder and holds it until it is killed; or, with a number of rounds, takes and releases it that
 * often and checks each time that it is alone. Arguments: folder, rounds.
 */
const [folder = '', rounds = '0'] = process.argv.slice(2);

async function takeLock(): Promise<ExclusiveLock> {
  for (;;) {
    const lock = await tryLock(folder);
    if (lock) return lock;
    await delay(1);
  }
}

// A test run that was killed leaves none of these behind.
process.stdin
  .resume()
  .once('end', () => process.exit(1))
  .unref();

if (rounds === '0') {
  await takeLock();
  process.stdout.write('locked\n');
} else {
  const inside = join(folder, 'inside');
  for (let round = 0; round < Number(rounds); round += 1) {
    const lock = await takeLock();
    await writeFile(inside, '', { flag: 'wx' }).catch(() => process.stdout.write('two inside\n'));
    await rm(inside, { force: true });
    lock.release();
  }
  process.exit();
}
