import { transform } from '@swc/core';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
/** Within the project, since a module looks for its packages in the folders above it. */
const OUTPUT = join(PROJECT, '.cache', 'faults');
const FOLDERS = ['src', 'test/faults'];

/**
 * Compiles what worker processes run, once for all of them: they are started so often that compiling at every start
 * would take most of the time.
 *
 * @param source the program's file, in this folder
 */
export async function compileWorker(
  source = 'worker.ts',
): Promise<{ program: string; remove(): Promise<void> }> {
  const folder = join(OUTPUT, String(process.pid));
  const abandon = (): void => {
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', abandon);
  await Promise.all(FOLDERS.map((name) => compileFolder(join(PROJECT, name), folder)));
  return {
    program: join(folder, 'test', 'faults', source.replace(/ts$/, 'js')),
    remove: () => {
      process.off('exit', abandon);
      return rm(folder, { recursive: true, force: true });
    },
  };
}

async function compileFolder(folder: string, output: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  await Promise.all(
    entries
      .filter((entry) => entry.isFile() && !/spec\.ts$/.test(entry.name))
      .map(async (entry) => {
        const file = join(entry.parentPath, entry.name);
        const target = join(output, relative(PROJECT, file));
        await mkdir(dirname(target), { recursive: true });
        if (file.endsWith('.ts')) await writeFile(target.replace(/ts$/, 'js'), await compile(file));
        else await cp(file, target);
      }),
  );
}

async function compile(file: string): Promise<string> {
  const { code } = await transform(await readFile(file, 'utf8'), {
    filename: file,
    swcrc: false,
    module: { type: 'es6' },
    jsc: {
      target: 'es2023',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
      keepClassNames: true,
    },
  });
  return code;
}
