import { build } from 'esbuild';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
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
  const script = nameOf('src/main.tsx');
  const html = readFileSync(join(here, 'src', 'index.html'), 'utf8')
    .replace('{{script}}', `assets/${script}`)
    .replace('{{preloads}}', preloads(metafile.outputs, script))
    .replace('{{styles}}', `assets/${nameOf('src/styles/index.css')}`);
  const files = [{ path: join(assets, 'index.html'), contents: html }, ...outputFiles];
  mkdirSync(assets, { recursive: true });
  for (const { path, contents } of files) writeFileSync(path, contents);
  // Last, so that a service that starts meanwhile finds a whole page.
  const names = files.map(({ path }) => basename(path));
  for (const name of readdirSync(assets)) if (!names.includes(name)) rmSync(join(assets, name));
}

/** What the script cannot do without, all at once: found one in the other, each would cost a way to the service. */
function preloads(outputs, script) {
  const [, { imports }] = Object.entries(outputs).find(([path]) => basename(path) === script);
  return imports
    .filter(({ kind }) => kind === 'import-statement')
    .map(({ path }) => `<link rel="modulepreload" href="assets/${basename(path)}" />`)
    .join('');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildDashboard();
