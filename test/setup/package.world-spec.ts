import { beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

interface Packed {
  files: { path: string }[];
}

interface Manifest {
  exports: Record<string, string | Record<string, string>>;
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
  bin?: unknown;
}

/** What `npm pack` takes: what others install. It is built, as for `npm start`. */
describe('The package', () => {
  let files: string[];
  let manifest: Manifest;
  beforeAll(async () => {
    await run(process.execPath, ['scripts/setup.mjs', '--build']);
    const npm = process.env['npm_execpath'];
    const pack = ['pack', '--dry-run', '--json', '--ignore-scripts'];
    const { stdout } = npm?.endsWith('npm-cli.js')
      ? await run(process.execPath, [npm, ...pack], { maxBuffer: 64 * 1024 * 1024 })
      : await run('npm', pack, { maxBuffer: 64 * 1024 * 1024 });
    files = (JSON.parse(stdout) as Packed[])[0]?.files.map(({ path }) => path) ?? [];
    manifest = JSON.parse(await readFile('package.json', 'utf8')) as Manifest;
  });

  it('L20 has what one would look for, and nothing of a build, a test or an installation', () => {
    expect(files).toEqual(
      expect.arrayContaining([
        ...['README.md', 'LICENSE', 'CHANGELOG.md', 'package.json', '.env.example'],
        ...['docs/protocol.md', 'docs/configuration.md', 'examples/approval-flow/main.ts'],
        ...['dist/index.js', 'dist/index.d.ts', 'dist/testing/index.js', 'dist/testing/index.d.ts'],
      ]),
    );
    // The dashboard, as it was built.
    const page = files
      .filter((path) => path.startsWith('dist/dashboard/assets/'))
      .map((path) => path.slice(22));
    expect(page).toEqual(
      expect.arrayContaining([
        'index.html',
        expect.stringMatching(/^app-\w+\.js$/),
        expect.stringMatching(/^styles-\w+\.css$/),
      ]),
    );
    const odd = files.filter((path) => /node_modules|\.spec\.|\.int-spec\.|^examples\/dist\//.test(path));
    expect(odd).toEqual([]);
    expect(manifest.bin).toBeUndefined();
  });

  it('has links in its README that lead to files in it', async () => {
    const readme = await readFile('README.md', 'utf8');
    const links = [...readme.matchAll(/\]\(([^):#]+)(?:#[^)]*)?\)/g)].map(([, link = '']) => link);
    expect(links.length).toBeGreaterThan(5);
    const isThere = (link: string) => files.some((path) => path === link || path.startsWith(link));
    expect(links.filter((link) => !isThere(link))).toEqual([]);
  });

  it('resolves each of its exports, types first', () => {
    for (const [name, targets] of Object.entries(manifest.exports)) {
      if (typeof targets === 'string') continue;
      expect([name, Object.keys(targets)[0]]).toEqual([name, 'types']);
      for (const target of Object.values(targets)) expect(files).toContain(target.replace('./', ''));
    }
  });

  it('has sources in its source maps', async () => {
    const maps = files.filter((path) => path.endsWith('.js.map'));
    expect(maps.length).toBeGreaterThan(100);
    const empty: string[] = [];
    for (const path of maps) {
      const map = JSON.parse(await readFile(path, 'utf8')) as {
        sources: string[];
        sourcesContent?: string[];
      };
      if (map.sourcesContent?.length !== map.sources.length) empty.push(path);
    }
    expect(empty).toEqual([]);
  });

  it('names each package that its code or its types import', async () => {
    const imported = new Set<string>();
    for (const path of files.filter((name) => /^dist\/.*(\.js|\.d\.ts)$/.test(name))) {
      // Bundled, for browsers.
      if (path.startsWith('dist/dashboard/assets/')) continue;
      const code = await readFile(path, 'utf8');
      // Loaded by the service alone, whose image has it.
      if (path === 'dist/export-traces.js') continue;
      for (const [, specifier = ''] of code.matchAll(
        /(?:\bfrom|^import|\bimport\() ?["']([@a-z][\w@/.:-]*)["']/gm,
      )) {
        if (specifier.startsWith('node:')) continue;
        const name = /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
        // A package without types of its own has them in another one.
        imported.add(name === 'express' && path.endsWith('.d.ts') ? '@types/express' : name);
      }
    }
    const named = { ...manifest.dependencies, ...manifest.peerDependencies };
    expect(imported.size).toBeGreaterThan(10);
    expect([...imported].filter((name) => !(name in named))).toEqual([]);
  });
});
