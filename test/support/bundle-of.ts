import { join } from 'node:path';

/** Where bundlePrograms() puts a program of this project. */
export function bundleOf(folder: string, program: string): string {
  return join(folder, program.replace(/\.ts$/, '.mjs'));
}
