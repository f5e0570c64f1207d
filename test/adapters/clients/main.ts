/**
 * `npm run adapters`: clients of other ecosystems, as the registry has them, read runs over a line that is cut three times
 * at a random byte, while the service is restarted once. What each of them holds is compared with the log. It installs
 * them in a folder outside of the repository (CLIENTS_DIR: one that has them already), so it needs the registry.
 * `npm run adapters -- Chromium` runs only the lines whose name contains that.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from '../../conformance/client.js';
import { eventOf } from '../../conformance/model.js';
import { type Child, startChild } from '../../support/child.js';
import { eventually } from '../../support/eventually.js';
import { startRedis } from '../../support/redis.js';
import { SeededRandom, seedFromEnvironment } from '../../support/seeded-random.js';
import { startTcpProxy } from '../../support/tcp-proxy.js';
import { chatInChromium } from './chat-in-chromium.js';
import { type Outcome, type Program, programsIn } from './programs.js';

/** To the patch: what a newer one does is no defect of ours until somebody looks. */
const PACKAGES = {
  '@ag-ui/client': '1.0.0',
  '@ai-sdk/react7': 'npm:@ai-sdk/react@4.0.177',
  '@durable-streams/client': '0.2.7',
  '@langchain/langgraph-sdk': '1.15.0',
  ai: '6.0.326',
  ai7: 'npm:ai@7.0.173',
  openai: '6.49.0',
  react: '19.3.1',
  'react-dom': '19.3.1',
};
const TOKENS = 200;
const CUTS = 3;
const MOST_MS = 60_000;

// Some of them leave rejections of their own to nobody.
process.on('unhandledRejection', () => undefined);

const random = new SeededRandom(seedFromEnvironment());
const redis = await startRedis();
const folder = process.env['CLIENTS_DIR'] ?? install();
let service = await serve(0);
let failed = false;
const [only = ''] = process.argv.slice(2);
console.log(`seed ${random.seed}`);
for (const [name, { program, starts = false }] of Object.entries(programsIn(folder)))
  await step(name, () => attempt(name, program, starts));
await step('ai 7, useChat in Chromium', () => chatInChromium(folder, `${redis.url}/1`));
await service.stop();
await redis.stop();
if (process.env['CLIENTS_DIR'] === undefined) rmSync(folder, { recursive: true, force: true });
process.exit(failed ? 1 : 0);

/** Prints one: who, and how it went. */
async function step(name: string, work: () => Promise<string>): Promise<void> {
  if (!name.includes(only)) return;
  try {
    console.log(`${name}: ${await work()}`);
  } catch (error) {
    failed = true;
    console.log(`${name}: FAILED ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
}

function install(): string {
  const at = mkdtempSync(join(tmpdir(), 'runstream-adapters-'));
  writeFileSync(
    join(at, 'package.json'),
    JSON.stringify({ private: true, type: 'module', dependencies: PACKAGES }),
  );
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: at,
    env: { ...process.env, NODE_ENV: '' },
  });
  return at;
}

async function serve(port: number): Promise<{ port: number; child: Child; stop: () => Promise<unknown> }> {
  const child = startChild(process.execPath, ['dist/main.js'], {
    env: {
      ...process.env,
      NODE_ENV: 'test',
      HOST: '127.0.0.1',
      PORT: String(port),
      LISTENERS: '1',
      MAX_EVENT_LOOP_DELAY_MS: '0',
      REDIS_URL: redis.url,
      ADAPTERS: 'ai-sdk,langgraph,openai,durable-streams,ag-ui',
    },
  });
  const url = /http:\/\/[^\s:]+:(\d+)/.exec(await child.line(/Serving on/));
  const stop = (): Promise<unknown> => {
    child.process.kill('SIGTERM');
    return child.exit();
  };
  return { port: Number(url?.[1]), child, stop };
}

function api(): Client {
  return new Client({ url: `http://127.0.0.1:${service.port}` }, new AbortController().signal);
}

async function attempt(name: string, program: Program, starts: boolean): Promise<string> {
  const key = `chat-${name.replaceAll(/\W+/g, '-')}`;
  let cuts = 0;
  const line = await startTcpProxy(
    () => service.port,
    () => {
      if (cuts === CUTS) return undefined;
      cuts++;
      return { afterBytes: random.integer(50, 6000), onCut: () => undefined };
    },
  );
  try {
    let runId = starts ? '' : (await api().createRun({ key })).id;
    const working = program({ url: `http://127.0.0.1:${line.port}`, runId, key });
    working.catch(() => undefined);
    if (starts)
      await eventually(`${name} starts a run`, async () => {
        runId = (await api().get('/runs', { key })).json<{ runs: { id: string }[] }>().runs[0]?.id ?? '';
        return runId !== '';
      });
    await produce(runId);
    const outcome = await Promise.race([working, tooLong()]);
    return `${await compare(runId, outcome)}, ${line.accepted} connections, ${cuts} with a cut, began again ${outcome.again} times`;
  } finally {
    await line.close();
  }
}

async function produce(runId: string): Promise<void> {
  for (let i = 1; i <= TOKENS; i++) {
    if (i === TOKENS / 2) {
      const { port } = service;
      await service.stop();
      service = await serve(port);
    }
    await api().append(
      runId,
      eventOf('llm.stream', { content: `${i}: ${'é'.repeat(random.integer(0, 40))} ` }),
    );
    await delay(5);
  }
  await api().append(runId, eventOf('lifecycle.completed', {}));
}

async function compare(runId: string, { ids, text }: Outcome): Promise<string> {
  const log = await api().history(runId);
  const said = log.map(({ data }) => (data['content'] ?? '') as string).join('');
  if (ids && JSON.stringify(ids) !== JSON.stringify(log.map(({ id }) => id)))
    throw new Error(`${ids.length} events of ${log.length}, ${new Set(ids).size} different`);
  if (text !== undefined && text !== said) throw new Error(`${text.length} characters of ${said.length}`);
  return ids ? `${ids.length} of ${log.length} events, in order` : `${said.length} characters, all of them`;
}

async function tooLong(): Promise<never> {
  await delay(MOST_MS, undefined, { ref: false });
  throw new Error(`Not done in ${MOST_MS} ms`);
}
