import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleOf } from '../support/bundle-of.js';
import { bundlePrograms } from '../support/programs.js';

/** Within the project, since a module looks for its packages in the folders above it. */
const OUTPUT = fileURLToPath(new URL('../../.cache/faults', import.meta.url));

export interface CompiledProgram {
  /** The file to run. */
  program: string;
  remove(): Promise<void>;
}

/** Bundles a program of the fault kit once for all of its processes; in a test run that has been done. */
export async function compileProgram(source: string): Promise<CompiledProgram> {
  const bundles = process.env['TEST_COMPILED_DIR'];
  if (bundles) return { program: bundleOf(bundles, source), remove: () => Promise.resolve() };
  const folder = join(OUTPUT, String(process.pid));
  const abandon = (): void => {
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', abandon);
  await bundlePrograms(folder, [source]);
  return {
    program: bundleOf(folder, source),
    remove: () => {
      process.off('exit', abandon);
      return rm(folder, { recursive: true, force: true });
    },
  };
}
