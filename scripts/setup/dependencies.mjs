import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError, say } from './report.mjs';
import { runVisibly } from './run.mjs';

/** Installs what the lockfile says, once for each state of it. */
export async function ensureDependencies(projectDir) {
  const modules = join(projectDir, 'node_modules');
  const stamp = join(modules, '.runstream-lockfile');
  const wanted = createHash('sha256')
    .update(readFileSync(join(projectDir, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;

  // npm writes this file last; without it the folder is missing or half done, and is made anew.
  const complete = existsSync(join(modules, '.package-lock.json'));
  say(complete ? 'bringing the dependencies up to date' : 'installing the dependencies (may take a minute)');
  if (!complete) rmSync(modules, { recursive: true, force: true });
  // Not `npm ci`: it refuses a lockfile that was written where another platform's optional packages could not be had.
  const command = ['install', '--no-save'];
  // The build needs the development dependencies, which npm leaves out under NODE_ENV=production.
  const code = await npm(
    [...command, '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'],
    projectDir,
  );
  if (code !== 0) {
    throw new SetupError(
      'The dependencies could not be installed (npm says why above): check the network and the registry, then start again.',
    );
  }
  writeFileSync(stamp, wanted);
}

function npm(args, cwd) {
  const running = process.env.npm_execpath ?? '';
  return running.endsWith('npm-cli.js')
    ? runVisibly(process.execPath, [running, ...args], { cwd })
    : runVisibly('npm', args, { cwd });
}
