import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { say } from './report.mjs';
import { run } from './run.mjs';

/** Downloads packages with the system's own package lists, or with lists of its own where those are missing or stale. */
export class PackageArchive {
  lastError = '';
  #ownLists = false;

  constructor(dir) {
    this.dir = dir;
  }

  /** Whether this is a system with such an archive. */
  static isThere() {
    return run('apt-get', ['--version']).ok && run('dpkg-deb', ['--version']).ok;
  }

  download(name) {
    const downloads = join(this.dir, 'downloads');
    mkdirSync(downloads, { recursive: true });
    const fetched = () => readdirSync(downloads).find((file) => file.startsWith(`${name}_`));
    if (!fetched() && !this.#apt(['download', name], downloads) && !this.#ownLists) {
      this.#fetchLists();
      this.#apt(['download', name], downloads);
    }
    const file = fetched();
    return file && join(downloads, file);
  }

  unpack(file, root) {
    return run('dpkg-deb', ['-x', file, root]).ok;
  }

  #fetchLists() {
    say('fetching package lists');
    this.#ownLists = true;
    for (const folder of ['state/lists/partial', 'cache/archives/partial']) {
      mkdirSync(join(this.dir, folder), { recursive: true });
    }
    this.#apt(['update'], this.dir);
  }

  #apt(args, cwd) {
    const settings = ['APT::Sandbox::User=root', 'Acquire::Retries=1', 'Acquire::http::Timeout=20'];
    if (this.#ownLists) {
      settings.push(
        `Dir::State=${join(this.dir, 'state')}`,
        `Dir::State::lists=${join(this.dir, 'state', 'lists')}`,
        `Dir::Cache=${join(this.dir, 'cache')}`,
        'Dir::State::status=/var/lib/dpkg/status',
      );
    }
    const { ok, stderr } = run('apt-get', ['-q', ...settings.flatMap((each) => ['-o', each]), ...args], {
      cwd,
    });
    if (!ok) this.lastError = stderr.trim().split('\n').at(-1) ?? '';
    return ok;
  }
}
