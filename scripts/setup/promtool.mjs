import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PackageArchive } from './package-archive.mjs';
import { SetupError, say } from './report.mjs';
import { run } from './run.mjs';

/**
 * The program that tests rules of Prometheus: that of the PATH, or out of the distribution's package, unpacked into the
 * cache folder as the Redis server is.
 *
 * @returns its path
 * @throws SetupError if it can't be had
 */
export function ensurePromtool(cacheDir) {
  const root = join(cacheDir, 'prometheus');
  const unpacked = join(root, 'usr', 'bin', 'promtool');
  const works = (command) => run(command, ['--version'], { timeout: 10_000 }).ok;
  const found = ['promtool', unpacked].find(works);
  if (found) return found;
  if (!PackageArchive.isThere()) throw new SetupError('There is no promtool on the PATH.');
  say("no promtool on the PATH: unpacking it from the system's package archive (no root, nothing installed)");
  mkdirSync(cacheDir, { recursive: true });
  const apt = new PackageArchive(join(cacheDir, 'apt'));
  const file = apt.download('prometheus');
  rmSync(`${root}.new`, { recursive: true, force: true });
  const isUnpacked = file && apt.unpack(file, `${root}.new`);
  if (isUnpacked && existsSync(`${root}.new`)) {
    rmSync(root, { recursive: true, force: true });
    renameSync(`${root}.new`, root);
    // It is large, and only the one program of it is used.
    rmSync(join(root, 'usr', 'bin', 'prometheus'), { force: true });
    rmSync(apt.dir, { recursive: true, force: true });
  }
  if (works(unpacked)) return unpacked;
  throw new SetupError(`There is no promtool on the PATH, and none could be fetched (${apt.lastError}).`);
}
