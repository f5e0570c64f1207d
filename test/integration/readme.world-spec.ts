import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { bundleOf } from '../support/bundle-of.js';
import { type Child, startChild } from '../support/child.js';
import { type RedisServer, startRedis } from '../support/redis.js';
import { serveHere, type Serving } from '../support/service.js';

const README = readFileSync('README.md', 'utf8');
const SERVED_AT = 'http://127.0.0.1:3000';

const blocks = (language: string): string[] =>
  [...README.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'gm'))].map(([, text = '']) =>
    text.trim(),
  );

/** A block of commands: how it is run here, and what a reader may expect of it. */
interface Known {
  matches: RegExp;
  /** Why this block is not run, or not as it stands. */
  because?: string;
  /** In its place. Undefined: the block itself. */
  command?: string;
  check?: (output: string) => void;
}

/** Bundled for this test run. */
const CONFORMANCE = bundleOf(process.env['TEST_COMPILED_DIR'] ?? '', 'test/conformance/cli.ts');

/** In the order of the README: later blocks build on what earlier ones left in the service. */
const KNOWN: Known[] = [
  {
    matches: /^npm start$/,
    because: 'it is what this test starts, from the sources; test/setup covers the installing and building',
    command: '',
  },
  { matches: /^npm test$/, because: 'CI runs it', command: '' },
  {
    matches: /curl -sN .*&\n[^]*wait$/,
    check: (output) => {
      // The watcher runs beside the append, so that their outputs come in any order, and the answer, which ends
      // without a line feed, may stand right before a frame.
      const frames = [...output.matchAll(/(?:^|\})event: (.*)\ndata: .*\nid: \d+-(\d+)$/gm)].map(
        ([, type, n]) => `${n} ${type}`,
      );
      expect(frames).toEqual(['1 lifecycle.started', '2 llm.stream', '3 lifecycle.completed', '3 close']);
      expect(output).toMatch(/"count":2,"duplicates":0/);
      expect(output).toMatch(/"status":"completed"/);
    },
  },
  {
    matches: /^npm run demo$/,
    because: 'without its set-up, which npm has done for this test',
    command: `node scripts/demo.mjs --url ${SERVED_AT}`,
    check: (output) => {
      expect(output).toMatch(/watcher 1 \(cut once\): 1…28 exactly once, in order/);
      expect(output).toMatch(/watcher 2 \(joined late\): 1…28 exactly once, in order/);
    },
  },
  {
    matches: /order=desc/,
    check: (output) => {
      const page = JSON.parse(output) as { events: { sequence: number }[]; count: number };
      expect(page.count).toBe(10);
      expect(page.events.map(({ sequence }) => sequence)).toEqual([28, 27, 26, 25, 24, 23, 22, 21, 20, 19]);
    },
  },
  {
    matches: /^npm install runstream|^echo REDIS_URL|localhost:3000.*"executor": "summarise"/,
    because: 'npm run embedding does that, in an application outside of this repository',
    command: '',
  },
  {
    matches: /^npm run conformance -- --url \S+$/,
    because: 'one of its sections, since test/conformance runs them all',
    command: `node '${CONFORMANCE}' --url ${SERVED_AT} --only "3.2 History" --check-timeout-ms 200000`,
    check: (output) => expect(output).toMatch(/passed/),
  },
];

const hasCurl = spawnSync('curl', ['--version']).status === 0;

let redis: RedisServer | undefined;
let service: Serving | undefined;
let child: Child | undefined;

// A Redis of its own: "the newest run" must be the reader's.
beforeAll(async () => {
  redis = await startRedis();
  service = await serveHere({ REDIS_URL: redis.url });
});
afterAll(async () => {
  child?.process.kill('SIGKILL');
  await service?.stop();
  await redis?.stop();
});

async function run(command: string): Promise<string> {
  child = startChild('sh', ['-ec', command.replaceAll(SERVED_AT, service!.url)]);
  const exit = await child.exit();
  const output = child.lines.join('\n');
  expect([exit, output]).toEqual([0, output]);
  expect(output).not.toMatch(/^\{"code":/m);
  return output;
}

describe('README', () => {
  it('has only commands that are known here', () => {
    expect(blocks('sh').length).toBeGreaterThan(4);
    expect(blocks('sh').filter((block) => !KNOWN.some(({ matches }) => matches.test(block)))).toEqual([]);
    expect(KNOWN.filter(({ matches }) => !blocks('sh').some((block) => matches.test(block)))).toEqual([]);
  });

  for (const block of blocks('sh')) {
    const known = KNOWN.find(({ matches }) => matches.test(block));
    if (!known || known.command === '') continue;
    const needsCurl = block.includes('curl') && !hasCurl;
    const title = `${block.split('\n')[0]?.slice(0, 50) ?? ''}${known.because ? ` (${known.because})` : ''}`;
    // Runstream itself needs no curl, so a machine without it is a good one.
    (needsCurl ? it.skip : it)(title, async () => {
      const output = await run(known.command ?? block);
      known.check?.(output);
    });
  }

  it('names npm scripts that there are', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      scripts: Record<string, string>;
    };
    const named = [...README.matchAll(/npm (?:run )?([a-z]+)/g)].map(([, name = '']) => name);
    expect(named).toEqual(expect.arrayContaining(['start', 'test', 'demo', 'bench', 'lint', 'conformance']));
    expect(named.filter((name) => name !== 'install' && !(name in scripts))).toEqual([]);
  });

  it('imports from the package what it exports', async () => {
    const exported = (await import('../../src/index.js')) as Record<string, unknown>;
    const values = blocks('ts').flatMap((code) =>
      (/import \{([^}]*)\} from 'runstream'/.exec(code)?.[1] ?? '').split(',').map((name) => name.trim()),
    );
    expect(values.length).toBeGreaterThan(5);
    expect(values.filter((name) => name !== '' && !name.startsWith('type ') && !(name in exported))).toEqual(
      [],
    );
  });

  it('links to files and routes that there are', async () => {
    const links = [...README.matchAll(/\]\(([^)]+)\)/g)].map(([, link = '']) => link);
    const files = links.filter((link) => !link.includes(':'));
    expect(files.length).toBeGreaterThan(5);
    expect(files.filter((file) => !existsSync(file.replace(/#.*$/, '')))).toEqual([]);
    const titles = files.filter((file) => file.includes('#')).map((file) => file.split('#'));
    for (const [file = '', title = ''] of titles) {
      const headings = readFileSync(file, 'utf8').match(/^#+ .*$/gm) ?? [];
      const anchors = headings.map((one) => one.replace(/^#+ /, '').toLowerCase().replaceAll(' ', '-'));
      expect([file, anchors]).toEqual([file, expect.arrayContaining([title])]);
    }
    const pages = links.filter((link) => link.startsWith(SERVED_AT));
    expect(pages.length).toBeGreaterThan(0);
    for (const page of pages) {
      expect([page, (await fetch(page.replace(SERVED_AT, service!.url))).status]).toEqual([page, 200]);
    }
  });
});
