import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { PackageArchive } from './package-archive.mjs';
import { run } from './run.mjs';
import { SetupError, say } from './report.mjs';

const NAMES = ['redis-server', 'valkey-server'];

/** Packages that hold the server binary, under its own name or as the program that checks dump files. */
const PACKAGES = ['redis-tools', 'valkey-tools'];
const PROGRAMS = [...NAMES, 'redis-check-rdb', 'valkey-check-rdb'];

const REMEDIES =
  "Set REDIS_URL to a Redis 7 or Valkey, run `docker compose up`, or install the system's package (for example `apt-get install redis-server` or `brew install redis`)";

/**
 * Finds a Redis server, or unpacks one from the distribution's packages into the cache folder, and writes
 * where it is to `server.json`. The service reads that file; so the search is done here and nowhere else.
 */
export function ensureRedisServer(cacheDir, searchPath = process.env.PATH ?? '') {
  mkdirSync(cacheDir, { recursive: true });
  const found = onPath(searchPath) ?? inCache(cacheDir) ?? unpack(cacheDir);
  const file = join(cacheDir, 'server.json');
  const text = `${JSON.stringify(found, null, 2)}\n`;
  if (!isOwn(file) || readFileSync(file, 'utf8') !== text) {
    // Whole or not at all: a service may be reading it.
    rmSync(`${file}.new`, { force: true });
    writeFileSync(`${file}.new`, text, { flag: 'wx' });
    renameSync(`${file}.new`, file);
  }
  // The service runs the program that the file names, and refuses if other users can write to it.
  for (const path of [dirname(cacheDir), cacheDir, file]) chmodSync(path, statSync(path).mode & 0o755);
  return found;
}

function isOwn(file) {
  const found = lstatSync(file, { throwIfNoEntry: false });
  return found?.isFile() === true && (process.getuid === undefined || found.uid === process.getuid());
}

function onPath(searchPath) {
  for (const name of NAMES) {
    for (const folder of searchPath.split(delimiter).filter(Boolean)) {
      const command = join(folder, name);
      if (existsSync(command) && works({ command })) return { command };
    }
  }
  return undefined;
}

function inCache(cacheDir) {
  const roots = PACKAGES.map((name) => join(cacheDir, name)).filter(existsSync);
  return roots.map(serverIn).find((server) => server && works(server));
}

/** Redis 7.0 and Valkey 7.2 are the floor; an older one is passed over. */
function works({ command, env }) {
  const { ok, stdout } = run(command, ['--version'], { env: { ...process.env, ...env }, timeout: 10_000 });
  const major = /\bv=(\d+)\./.exec(stdout)?.[1];
  return ok && major !== undefined && Number(major) >= 7;
}

function unpack(cacheDir) {
  if (!PackageArchive.isThere()) {
    throw new SetupError(`There is no Redis server on this machine's PATH. ${REMEDIES}.`);
  }
  say(
    "no Redis server on the PATH: unpacking one from the system's package archive (no root, nothing installed)",
  );
  const apt = new PackageArchive(join(cacheDir, 'apt'));
  for (const name of PACKAGES) {
    const root = join(cacheDir, name);
    const server = unpackPackage(apt, name, `${root}.new`);
    if (!server) continue;
    rmSync(root, { recursive: true, force: true });
    renameSync(`${root}.new`, root);
    rmSync(apt.dir, { recursive: true, force: true });
    say(`Redis server ready in ${root}`);
    return serverIn(root);
  }
  const reason = apt.lastError ? ` (${apt.lastError})` : '';
  throw new SetupError(
    `There is no Redis server on the PATH, and none of version 7 or later could be fetched from the package archive${reason}. ${REMEDIES}.`,
  );
}

function unpackPackage(apt, name, root) {
  rmSync(root, { recursive: true, force: true });
  let wanted = [name];
  // Libraries may need libraries: three rounds are more than any distribution needs.
  for (let round = 0; round <= 3; round += 1) {
    const files = wanted.map((each) => apt.download(each)).filter(Boolean);
    if (files.length === 0) break;
    mkdirSync(root, { recursive: true });
    for (const file of files) {
      if (!apt.unpack(file, root)) return undefined;
    }
    const server = serverIn(root);
    if (server && works(server)) return server;
    wanted = files.flatMap(librariesOf);
  }
  rmSync(root, { recursive: true, force: true });
  return undefined;
}

function librariesOf(debFile) {
  const depends = run('dpkg-deb', ['-f', debFile, 'Depends', 'Pre-Depends']).stdout;
  const names = [...depends.matchAll(/(?:^|[,:])\s*(lib[a-z0-9.+-]+)/gm)].map((match) => match[1]);
  // The C library belongs to the system: another one beside it would not fit its loader.
  return [...new Set(names)].filter((name) => name !== 'libc6');
}

function serverIn(root) {
  const bin = join(root, 'usr', 'bin');
  const program = PROGRAMS.find((name) => existsSync(join(bin, name)));
  if (!program) return undefined;
  // One program plays all parts: under the name of the server it is the server.
  const name = program.replace('check-rdb', 'server');
  if (name !== program && !existsSync(join(bin, name))) symlinkSync(program, join(bin, name));
  const folders = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => /\.so(\.|$)/.test(entry.name))
    .map((entry) => entry.parentPath ?? entry.path);
  return { command: join(bin, name), env: { LD_LIBRARY_PATH: [...new Set(folders)].join(delimiter) } };
}
