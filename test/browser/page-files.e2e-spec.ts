import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { DashboardModule } from '../../src/index.js';
import { startApplication, type TestApplication } from '../support/application.js';

let service: TestApplication;
beforeAll(async () => {
  service = await startApplication({}, { imports: [DashboardModule.forRoot()] });
});
afterAll(() => service.close());

const load = (path: string, encoding = 'identity') =>
  fetch(new URL(path, service.url), { headers: { 'Accept-Encoding': encoding } });

/** Of what has to be there before anything is shown. */
async function firstFiles(): Promise<string[]> {
  const html = await (await load('/')).text();
  return [...html.matchAll(/(?:src|href)="(assets\/[^"]+)"/g)].map(([, path]) => path ?? '');
}

describe('the files of the first page', () => {
  it('are few and small, and who is there is asked for beside them', async () => {
    const files = await firstFiles();
    expect(files.length).toBeLessThanOrEqual(3);
    const contents = await Promise.all(files.map(async (path) => (await load(path)).arrayBuffer()));
    const bytes = contents.reduce((sum, content) => sum + gzipSync(Buffer.from(content)).length, 0);
    expect(bytes).toBeLessThan(45_000);
    expect(await (await load('/')).text()).toContain(
      '<link rel="preload" as="fetch" href="./session" crossorigin',
    );
  });

  it('come packed to whoever takes that, and are the same', async () => {
    for (const path of await firstFiles()) {
      const [plain, packed] = await Promise.all([load(path), load(path, 'gzip, br')]);
      expect(plain.headers.get('Content-Encoding')).toBeNull();
      expect(packed.headers.get('Content-Encoding')).toBe('gzip');
      for (const { headers } of [plain, packed]) expect(headers.get('Vary')).toContain('Accept-Encoding');
      expect(await packed.text()).toBe(await plain.text());
    }
  });

  it('bring all that a part that is loaded later needs, but itself', async () => {
    const files = await firstFiles();
    const texts = await Promise.all(files.map(async (path) => (await load(path)).text()));
    const run = /\.\/(run-page-\w+\.js)/.exec(texts.join(''))?.[1] ?? '';
    const imports = [
      ...(await (await load(`assets/${run}`)).text()).matchAll(/(?:from|import) ?"\.\/([^"]+)"/g),
    ];
    expect(imports).not.toHaveLength(0);
    for (const [, name] of imports) expect(files).toContain(`assets/${name}`);
  });
});
