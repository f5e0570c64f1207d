import { build } from 'esbuild';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const script = join(here, 'src', 'main.tsx');
/** Beside the module that serves it, in sources as in what is built from them. */
const assets = fileURLToPath(new URL('../../src/dashboard/assets/', import.meta.url));

/** Builds the page. Names of files change with their content, so that browsers may keep them for good. */
export async function buildDashboard() {
  const { outputFiles, metafile } = await build({
    absWorkingDir: here,
    entryPoints: { app: 'src/main.tsx', styles: 'src/styles/index.css' },
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    outdir: assets,
    bundle: true,
    splitting: true,
    plugins: [fewFiles],
    // Said again, since what a plugin loads has no tsconfig.json.
    jsx: 'automatic',
    jsxImportSource: 'preact',
    minify: true,
    format: 'esm',
    // light-dark() of the styles needs them.
    target: ['chrome123', 'firefox120', 'safari17.5'],
    legalComments: 'none',
    metafile: true,
    write: false,
  });
  const nameOf = (entry) =>
    basename(Object.entries(metafile.outputs).find(([, output]) => output.entryPoint === entry)[0]);
  const html = readFileSync(join(here, 'src', 'index.html'), 'utf8')
    .replace('{{script}}', `assets/${nameOf('src/main.tsx')}`)
    .replace('{{preloads}}', preloads(metafile.outputs, nameOf('src/main.tsx')))
    .replace('{{styles}}', `assets/${nameOf('src/styles/index.css')}`);
  const files = [{ path: join(assets, 'index.html'), contents: html }, ...outputFiles];
  mkdirSync(assets, { recursive: true });
  for (const { path, contents } of files) writeFileSync(path, contents);
  // Last, so that a service that starts meanwhile finds a whole page.
  const names = files.map(({ path }) => basename(path));
  for (const name of readdirSync(assets)) if (!names.includes(name)) rmSync(join(assets, name));
}

/**
 * esbuild makes a file for each set of parts that have something in common: a dozen of a few bytes each, for all of which
 * the first page would wait. A part that is loaded later imports the script itself, so that what the script has is one.
 */
const fewFiles = {
  name: 'few-files',
  setup({ onResolve, onLoad, resolve }) {
    const later = new Set();
    onResolve({ filter: /^\./ }, async ({ path, pluginData, kind, ...from }) => {
      if (kind !== 'dynamic-import' || pluginData === fewFiles) return undefined;
      const resolved = await resolve(path, { ...from, kind, pluginData: fewFiles });
      later.add(resolved.path);
      return resolved;
    });
    onLoad({ filter: /\.tsx?$/ }, async ({ path }) => {
      if (!later.has(path)) return undefined;
      const contents = `${await readFile(path, 'utf8')}\nimport ${JSON.stringify(script)};`;
      return { contents, loader: 'tsx', resolveDir: dirname(path) };
    });
  },
};

/** What the script cannot do without, all at once: found one in the other, each would cost a way to the service. */
function preloads(outputs, name) {
  const [, { imports }] = Object.entries(outputs).find(([path]) => basename(path) === name);
  return imports
    .filter(({ kind }) => kind === 'import-statement')
    .map(({ path }) => `<link rel="modulepreload" href="assets/${basename(path)}" />`)
    .join('');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildDashboard();
