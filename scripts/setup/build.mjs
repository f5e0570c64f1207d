import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError, say } from './report.mjs';
import { runVisibly } from './run.mjs';

const INPUTS = [
  'src',
  'packages',
  'package-lock.json',
  'nest-cli.json',
  'tsconfig.json',
  'tsconfig.build.json',
];
/** Written by the build itself. */
const OUTPUTS = ['assets', 'dist'];

/** Builds when a source is newer than what was built from it. */
export async function ensureBuild(projectDir) {
  const main = join(projectDir, 'dist', 'main.js');
  if (existsSync(main) && newest(projectDir, INPUTS) <= statSync(main).mtimeMs) return;
  say('building');
  const dashboard = join(projectDir, 'packages', 'dashboard', 'build.mjs');
  const nest = join(projectDir, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
  let code = 0;
  for (const args of [[dashboard], [nest, 'build']]) {
    code ||= await runVisibly(process.execPath, args, { cwd: projectDir });
  }
  if (code !== 0 || !existsSync(main)) {
    throw new SetupError(
      'The build failed (the compiler says why above): correct the sources and start again.',
    );
  }
}

/** Folders count as well: their time changes when a file in them is removed. */
function newest(projectDir, names) {
  let latest = 0;
  for (const name of names) {
    if (OUTPUTS.includes(name)) continue;
    const path = join(projectDir, name);
    const found = statSync(path);
    latest = Math.max(latest, found.mtimeMs);
    if (found.isDirectory()) latest = Math.max(latest, newest(path, readdirSync(path)));
  }
  return latest;
}
