import { build, type Plugin } from 'esbuild';
import { readdir, readFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { BUNDLES, METADATA, PROJECT } from './bundle-settings.js';

/** They are no part of what is tested; some hold programs of their own, and test/clients installs one of them. */
const TOOLS = ['@jest/globals', '@swc/core', 'esbuild', 'openapi-fetch', 'playwright-core', 'runstream'];
/** By Nest, when it needs them. */
const LOADED_LATER = ['class-transformer', 'class-validator'];
/** Not run by jest: applications that have packages of their own installed. */
const APPLICATIONS = join('embedding', 'packed');
const OWN_REQUIRE = 'const require = createRequire(import.meta.url);';
const IMPORT = /(?:from|import) '([^.'][^']*)'/g;

/**
 * Bundles the packages that sources and tests import, all together: jest gives each file modules of its own, and to
 * find, read and link some two thousand of them took a second of processor time for each of the files. What they share
 * is there once, in chunks, so that a class is the same whichever package hands it out.
 *
 * @param folder within the project. A package is the file there that package-resolver.cjs looks for.
 */
export async function bundlePackages(folder: string): Promise<void> {
  const names = await importedPackages();
  await build({
    ...BUNDLES,
    entryPoints: names.map((name) => ({ in: name, out: name })),
    outdir: folder,
    plugins: [packages()],
  });
}

/** Packages have the names that Node gives them; esbuild gives those that are CommonJS, in a chunk, a default and no more. */
export function packages(): Plugin {
  return {
    name: 'packages',
    setup(on) {
      on.onResolve({ filter: /^[@\w]/ }, ({ path, kind }) => {
        const isEntry = kind === 'entry-point' && !path.endsWith('.ts');
        const isLater = kind === 'dynamic-import' && LOADED_LATER.includes(path);
        return isEntry || isLater ? { path, namespace: 'package' } : undefined;
      });
      on.onLoad({ filter: /.*/, namespace: 'package' }, async ({ path }) => ({
        contents: await reexport(path),
        resolveDir: PROJECT,
      }));
      // Nest's helpers for types derived from others make a `require` of their own, which esbuild leaves alone: there would
      // be a second class-validator, from a hundred files.
      on.onLoad({ filter: /@nestjs\/mapped-types\/.*\.js$/ }, async ({ path }) => ({
        contents: (await readFile(path, 'utf8')).replace(OWN_REQUIRE, ''),
      }));
    },
  };
}

/** Those that a file of `src` or `test` names. */
async function importedPackages(): Promise<string[]> {
  const found = new Set<string>();
  for (const folder of ['src', 'test']) {
    for (const name of await readdir(join(PROJECT, folder), { recursive: true })) {
      if (!name.endsWith('.ts') || name.startsWith(APPLICATIONS)) continue;
      const text = await readFile(join(PROJECT, folder, name), 'utf8');
      for (const [, imported = ''] of text.matchAll(IMPORT)) found.add(imported);
    }
  }
  const others = [METADATA, ...TOOLS];
  return [...found].filter((name) => !isBuiltin(name) && !others.includes(name) && /^[@\w/.-]+$/.test(name));
}

async function reexport(name: string): Promise<string> {
  const module = (await import(name)) as Record<string, unknown>;
  const names = Object.keys(module).filter(
    (one) => !['default', 'module.exports', '__esModule'].includes(one),
  );
  const from = JSON.stringify(name);
  return [
    `export { ${names.join(', ')} } from ${from};`,
    'default' in module ? `export { default } from ${from};` : '',
  ].join('\n');
}
