import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { RunstreamClient } from '../../packages/client/src/index.js';
import { bundleOf } from '../support/bundle-of.js';
import { type RedisServer, startRedis } from '../support/redis.js';
import { serveHere, type Serving } from '../support/service.js';

const SERVED_AT = 'http://127.0.0.1:3000';
/** Each with its blocks in order: later ones build on what earlier ones left. */
const DOCUMENTS = [
  // The others are about what its reader has done.
  'docs/start.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => name !== 'workers.md')
    .map((name) => join('docs', name)),
  // And this one has a newest run of its own.
  'docs/workers.md',
  ...['README.md', 'SECURITY.md', 'CONTRIBUTING.md', 'clients/python/README.md', 'packages/client/README.md'],
].filter((name, at, all) => name.endsWith('.md') && all.indexOf(name) === at);

interface Known {
  document: string;
  matches: RegExp;
  /** Why it is not run. Undefined: it is. */
  because?: string;
  says?: RegExp;
}

/** All blocks of shell commands in the documents but the README, which has a test of its own. */
const KNOWN: Known[] = [
  { document: 'docs/cli.md', matches: /./, because: 'test/cli runs them; jq and my-agent are not here' },
  {
    document: 'docs/start.md',
    matches: /^npm start$/,
    because: 'this test starts a service; test/setup covers it',
  },
  {
    document: 'docs/adapters.md',
    matches: /npm start$/,
    because: 'test/adapters starts services with each of them',
  },
  { document: 'docs/tracing.md', matches: /npm start$/, because: 'test/tracing starts a service with it' },
  { document: 'docs/traps.md', matches: /^npm test/, because: 'it is running' },
  { document: 'CONTRIBUTING.md', matches: /^npm /, because: 'it is running' },
  {
    document: 'docs/start.md',
    matches: /^npm pack|^PORT=3001|127\.0\.0\.1:3001/,
    because: 'test/embedding/packed does it, with the packed package in an application of its own',
  },
  { document: 'docs/start.md', matches: /^runstream\(\)/, because: 'here it is the bundled one' },
  { document: 'docs/start.md', matches: /^runstream doctor$/, says: /redis/i },
  {
    document: 'docs/start.md',
    matches: /my first job/,
    says: /completed in .*3 events, 0 missing[^]*#\/runs\//,
  },
  { document: 'docs/start.md', matches: /my second job/, says: /"count":2[^]*event: close/ },
  { document: 'docs/workers.md', matches: /worker-1\.log/ },
  { document: 'docs/workers.md', matches: /^until runstream start/, says: /#\/runs\// },
  { document: 'docs/workers.md', matches: /^sleep 3/ },
  // All 50 once, over two attempts.
  { document: 'docs/workers.md', matches: /^runstream follow/, says: /\b50\b[^]*0 missing/ },
  { document: 'docs/workers.md', matches: /receipt for 50/, says: /receipt for 50/ },
  { document: 'docs/workers.md', matches: /^kill/ },
  { document: 'docs/runbook.md', matches: /show --latest/, says: /my second job[^]*completed/ },
  { document: 'docs/runbook.md', matches: /^runstream groups$/, says: /./ },
  { document: 'docs/runbook.md', matches: /^runstream dead-letters$/ },
  {
    document: 'docs/runbook.md',
    matches: /^runstream redrive/,
    because: 'there is no group of that name here',
  },
  {
    document: 'docs/operations.md',
    matches: /tenants\/acme\/limits/,
    because: 'it needs a service with keys; test/limits sets limits over HTTP',
  },
  {
    document: 'docs/operations.md',
    matches: /^npm run partitions/,
    because: 'a number is never lowered again; test/integration/partitions raises it',
  },
  { document: 'docs/runbook.md', matches: /redis-cli -h/, because: 'its names are to be filled in' },
  { document: 'docs/runbook.md', matches: /health\/ready/, says: /"redis": ?"up"/ },
];

const blocksOf = (document: string, language: string): string[] =>
  [...readFileSync(document, 'utf8').matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'gm'))].map(
    ([, text = '']) => text.trim(),
  );
const blocks = DOCUMENTS.filter((name) => name !== 'README.md').flatMap((document) =>
  blocksOf(document, 'sh').map((text) => ({ document, text })),
);
const knownOf = (block: { document: string; text: string }): Known | undefined =>
  KNOWN.find(({ document, matches }) => document === block.document && matches.test(block.text));

const { constructor: AsyncFunction } = Object.getPrototypeOf(async () => undefined) as {
  constructor: new (...parts: string[]) => (...values: unknown[]) => Promise<void>;
};
/** Bundled for this test run. */
const CLI = bundleOf(process.env['TEST_COMPILED_DIR'] ?? '', 'packages/cli/src/main.ts');

let redis: RedisServer;
let service: Serving;

beforeAll(async () => {
  redis = await startRedis();
  service = await serveHere({ REDIS_URL: redis.url });
});
afterAll(async () => {
  await service.stop();
  await redis.stop();
});

/** What a program prints, on both of its outputs. @throws unless it ends with 0 */
async function run(program: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const options = { env: { ...process.env, ...env }, timeout: 120_000 };
  const { stdout, stderr } = await promisify(execFile)(program, args, options);
  return stdout + stderr;
}

describe('commands of the documents', () => {
  it('are known here', () => {
    expect(blocks.filter((block) => !knownOf(block))).toEqual([]);
    expect(KNOWN.filter((known) => !blocks.some((block) => knownOf(block) === known))).toEqual([]);
  });

  for (const block of blocks) {
    const known = knownOf(block);
    if (!known || known.because) continue;
    it(`${block.document}: ${block.text.split('\n')[0]?.slice(0, 60)}`, async () => {
      const command = block.text.replaceAll(SERVED_AT, service.url);
      const runstream = `runstream() { '${process.execPath}' '${CLI}' "$@"; }`;
      const output = await run('sh', ['-ec', `${runstream}\n${command}`], { RUNSTREAM_URL: service.url });
      expect(output).toMatch(known.says ?? /^/);
    });
  }

  it('the TypeScript of the start does what it says', async () => {
    const [code = ''] = blocksOf('docs/start.md', 'ts');
    const body = code.replace(/^import .*$/gm, '').replaceAll(SERVED_AT, service.url);
    const printed: unknown[] = [];
    const run = new AsyncFunction('RunstreamClient', 'console', body);
    await run(RunstreamClient, { log: (...said: unknown[]) => printed.push(said) });
    expect(printed).toEqual([
      [1, expect.anything()],
      [2, { content: 'hello' }],
      [3, { result: 'hello' }],
    ]);
  });

  it('the Python of workers is that of the example', () => {
    const example = readFileSync('examples/python-worker/worker.py', 'utf8');
    const parts = blocksOf('docs/workers.md', 'python').flatMap((code) => code.split('\n\n\n'));
    const unknown = parts.filter((part) => !example.includes(part) && !part.includes('async def'));
    expect(unknown).toEqual([]);
  });

  it('the Python of the start does what it says', async () => {
    const [code = ''] = blocksOf('docs/start.md', 'python');
    const program = code.replaceAll(SERVED_AT, service.url);
    const output = await run('python3', ['-c', program], { PYTHONPATH: 'clients/python' });
    expect(output).toMatch(/^1 .*\n2 \{'content': 'hello'\}\n3 \{'result': 'hello'\}\n$/);
  });
});

describe('links of the documents', () => {
  it.each(DOCUMENTS)('%s leads to files and headings that there are', (document) => {
    const text = readFileSync(document, 'utf8').replace(/^```[^]*?^```$/gm, '');
    const broken = [...text.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, link = '']) => link)
      .filter((link) => !/^(https?|mailto):/.test(link))
      .filter((link) => {
        const [path = '', title] = link.split('#');
        const file = path === '' ? document : join(dirname(document), path);
        return (
          !existsSync(file) ||
          (title !== undefined && file.endsWith('.md') && !titlesOf(file).includes(title))
        );
      });
    expect(broken).toEqual([]);
  });
});

/** As GitHub makes them of headings. */
function titlesOf(file: string): string[] {
  const headings = readFileSync(file, 'utf8').match(/^#+ .*$/gm) ?? [];
  return headings.map((one) =>
    one
      .replace(/^#+ /, '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
