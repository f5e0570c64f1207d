import { transformFile } from '@swc/core';
import { build, type Plugin } from 'esbuild';
import { cp, readdir } from 'node:fs/promises';
import { dirname, extname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundleOf } from './bundle-of.js';
import { packages } from './bundle-packages.js';
import { BUNDLES, PROJECT } from './bundle-settings.js';

/** What the dashboard was built into. */
const ASSETS = join('dashboard', 'assets');

/** Loaded by the service when it is told to, and by nothing else. */
const TRACING_SDK = ['sdk-trace-node', 'exporter-trace-otlp-proto', 'resources'].map(
  (name) => `@opentelemetry/${name}`,
);

/**
 * Bundles programs of this project with all that they import, what they share in chunks: tests start them hundreds of
 * times, and two thirds of such a start would be to find and compile some two thousand modules.
 *
 * @param folder within the project, since packages are looked for in the folders above. It is laid out like the project,
 *   for what programs find relative to their sources.
 * @param programs paths from the project's root
 */
export async function bundlePrograms(folder: string, programs: readonly string[]): Promise<void> {
  await Promise.all([copyFiles(folder), bundle(folder, programs)]);
}

/** What programs read besides their code: scripts, the page, the version, where Redis is. */
async function copyFiles(folder: string): Promise<void> {
  const files = await readdir(join(PROJECT, 'src'), { recursive: true });
  const others = files.filter((name) => extname(name) === '.lua' || dirname(name) === ASSETS);
  for (const name of [
    'package.json',
    'packages/cli/package.json',
    ...others.map((name) => join('src', name)),
  ]) {
    await cp(join(PROJECT, name), join(folder, name));
  }
  // Without it the PATH has a server.
  const server = join('.cache', 'redis', 'server.json');
  await cp(join(PROJECT, server), join(folder, server)).catch(() => undefined);
}

async function bundle(folder: string, programs: readonly string[]): Promise<void> {
  await build({
    ...BUNDLES,
    // Tests look at whether it is loaded.
    external: [...BUNDLES.external, ...TRACING_SDK],
    entryPoints: [...programs],
    outbase: PROJECT,
    outdir: folder,
    plugins: [typescript(folder), packages()],
  });
}

/** Compiles sources as the build does: esbuild itself writes no metadata for decorators. */
function typescript(folder: string): Plugin {
  return {
    name: 'typescript',
    setup(on) {
      on.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const { code } = await transformFile(path, {
          swcrc: false,
          module: { type: 'es6' },
          jsc: {
            target: 'es2023',
            parser: { syntax: 'typescript', decorators: true },
            transform: { legacyDecorator: true, decoratorMetadata: true },
            keepClassNames: true,
          },
        });
        const url = pathToFileURL(bundleOf(folder, relative(PROJECT, path))).href;
        return { contents: code.replaceAll('import.meta.url', JSON.stringify(url)), loader: 'js' };
      });
    },
  };
}
