import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import type * as Package from '../../packages/client/src/index.js';
import { numberedRange, terminal } from '../conformance/model.js';
import { chromiumPath, launchChromium } from '../support/browser.js';
import { report } from '../support/report-line.js';
import { SeededRandom, seedFromEnvironment } from '../support/seeded-random.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { TestBed } from '../support/test-bed.js';
import { range } from './following.js';

const MAX_BYTES = 8000;
const run = promisify(execFile);
const executablePath = chromiumPath();
if (executablePath === undefined) report('There is no Chromium here: the client is not tried in a browser.');

const bed = new TestBed();
let folder: string;
let bundle: string;

/** The package as it is installed, and a bundle of it as a page has it. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runstream-client-'));
  bed.onClose(() => rm(folder, { recursive: true }));
  const modules = join(folder, 'node_modules');
  const installed = join(modules, '@runstream', 'client');
  await mkdir(installed, { recursive: true });
  const tsc = ['node_modules/typescript/bin/tsc', '-p', 'packages/client/tsconfig.build.json'];
  await run(process.execPath, [...tsc, '--outDir', join(installed, 'dist')]);
  await writeFile(join(installed, 'package.json'), await readFile('packages/client/package.json'));
  await symlink(resolve('node_modules/eventsource-parser'), join(modules, 'eventsource-parser'));
  const options = { bundle: true, minify: true, format: 'esm', write: false } as const;
  const { outputFiles } = await build({ ...options, entryPoints: [join(installed, 'dist', 'index.js')] });
  bundle = outputFiles[0]?.text ?? '';
});
afterAll(() => bed.close());

describe('the package of the client', () => {
  it(`is ${MAX_BYTES} bytes at most, minified and compressed, with its one dependency`, async () => {
    const { length } = gzipSync(bundle, { level: 9 });
    report(`client: ${length} bytes, ${bundle.length} before compression`);
    expect(length).toBeLessThanOrEqual(MAX_BYTES);
    const manifest = JSON.parse(await readFile('packages/client/package.json', 'utf8')) as object;
    expect(manifest).toMatchObject({ dependencies: { 'eventsource-parser': expect.any(String) } });
    expect(Object.keys((manifest as { dependencies: object }).dependencies)).toHaveLength(1);
  });

  it('has a README whose code compiles under strict, and declarations that need no Node', async () => {
    const readme = await readFile('packages/client/README.md', 'utf8');
    const code = [...readme.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, block]) => block).join('');
    const declared = ['freshToken(): Promise<string>', 'show(...what: unknown[]): void'];
    const source = `${declared.map((one) => `declare function ${one};\n`).join('')}${code}`;
    await writeFile(join(folder, 'readme.ts'), source);
    await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
    const compilerOptions = {
      ...{ strict: true, target: 'ES2022', module: 'nodenext', moduleResolution: 'nodenext', noEmit: true },
      ...{ lib: ['ES2023', 'DOM', 'DOM.Iterable', 'ESNext.Disposable'], types: [] },
    };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['readme.ts'] }));
    await run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', folder]);
  });

  it('is imported by Node as it is', async () => {
    await writeFile(
      join(folder, 'names.mjs'),
      'import * as all from "@runstream/client"; console.log(Object.keys(all).sort().join());',
    );
    const { stdout } = await run(process.execPath, [join(folder, 'names.mjs')]);
    expect(stdout.trim()).toBe(
      'RunstreamClient,RunstreamClientError,addToStory,joinText,pairDispatches,pairTools',
    );
  });
});

(executablePath === undefined ? describe.skip : describe)('the client in a browser', () => {
  it('writes a run and follows it from a page of another origin, over a line that is cut', async () => {
    const server = createServer(({ url }, response) => {
      const isCode = url === '/client.js';
      response.setHeader('content-type', isCode ? 'text/javascript' : 'text/html');
      response.end(isCode ? bundle : '<!doctype html><title>page</title>');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    bed.onClose(async () => server.close());
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const service = await bed.serveHere({ CORS_ORIGINS: origin, SSE_RETRY_MS: '1' });
    const random = new SeededRandom(seedFromEnvironment());
    report(`client in a browser: SEED=${random.seed}`);
    let cuts = 0;
    const proxy = await startTcpProxy(Number(new URL(service.url).port), () =>
      cuts < 20 ? { afterBytes: random.integer(1, 60_000), onCut: () => cuts++ } : undefined,
    );
    bed.onClose(() => proxy.close());
    const api = bed.client(service);
    const { id: runId } = await api.createRun();
    for (let from = 2; from < 1500; from += 500) await api.append(runId, numberedRange(from, from + 499));
    await api.append(runId, terminal());

    const browser = await launchChromium(executablePath ?? '');
    bed.onClose(() => browser.close());
    const page = await browser.newPage();
    await page.goto(origin);
    const inPage = async ({ baseUrl, cutUrl, runId }: { baseUrl: string; cutUrl: string; runId: string }) => {
      const name = '/client.js';
      const { RunstreamClient } = (await import(name)) as typeof Package;
      const client = new RunstreamClient({ baseUrl });
      const cut = new RunstreamClient({ baseUrl: cutUrl, retryMs: 1 });
      const followed: Record<string, { sequences: number[]; end: unknown }> = {};
      for (const catchUp of ['stream', 'pages'] as const) {
        const sequences: number[] = [];
        let end: unknown;
        for await (const item of cut.follow(runId, { catchUp })) {
          if (item.kind === 'event') sequences.push(item.event.sequence);
          if (item.kind === 'end') end = item;
        }
        followed[catchUp] = { sequences, end };
      }
      const { id } = await client.runs.create({ task: 'from a page' });
      const writer = cut.append(id);
      for (let n = 0; n < 500; n++) {
        await writer.write({ event: { category: 'llm', action: 'stream' }, data: { n } });
      }
      await writer.end('completed');
      const refused = await client.runs
        .get('r0_0')
        .catch((error: unknown) => error as Package.RunstreamClientError);
      return { followed, id, refused: 'code' in refused && refused.code };
    };
    const cutUrl = `http://127.0.0.1:${proxy.port}`;
    const where = { baseUrl: service.url, cutUrl, runId };
    const { followed, id, refused } = await page.evaluate(inPage, where);
    const end = { kind: 'end', reason: 'ended', status: 'completed' };
    expect(followed).toEqual({
      stream: { sequences: range(1, 1502), end },
      pages: { sequences: range(1, 1502), end },
    });
    expect(cuts).toBeGreaterThan(5);
    expect((await api.history(id)).slice(1, -1).map(({ data }) => data['n'])).toEqual(range(0, 499));
    expect(refused).toBe('RUN_NOT_FOUND');
  });
});
