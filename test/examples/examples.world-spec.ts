import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import type { Browser } from 'playwright-core';
import { type Child, startChild } from '../support/child.js';
import { chromiumPath, launchChromium } from '../support/browser.js';
import { eventually } from '../support/eventually.js';
import { type RedisServer, startRedis } from '../support/redis.js';
import { report } from '../support/report-line.js';
import { apiOf, type Run } from './api-of.js';
import { ChatInBrowser } from './chat-in-browser.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { InstalledExamples, type Served } from './installed-examples.js';
import { connectTo, count, replay } from './mcp-client.js';

let examples: InstalledExamples;
let redis: RedisServer;
let served: Served | undefined;
beforeAll(async () => {
  [examples, redis] = await Promise.all([InstalledExamples.open(), startRedis()]);
});
afterEach(async () => {
  served?.child.process.kill('SIGTERM');
  expect([undefined, 0, 'SIGTERM']).toContain(await served?.child.exit());
});
afterAll(async () => {
  await redis?.stop();
  await examples?.close();
});

const startPython = (url: string): Child =>
  startChild('python3', ['examples/python-worker/worker.py'], {
    env: { ...process.env, PYTHONPATH: 'clients/python', PYTHONDONTWRITEBYTECODE: '1', RUNSTREAM_URL: url },
  });

let databases = 0;
/** Each has a database of its own, and so runs and groups of its own. */
async function start(name: string, env: NodeJS.ProcessEnv = {}): Promise<void> {
  served = await examples.start(name, { REDIS_URL: `${redis.url}/${++databases}`, ...env });
}

const { ask, body, typesOf, linesOf, ended } = apiOf(() => served!.url);

describe('The example event-handler', () => {
  it('charges an order once although it takes two tries, and gives up what nobody can charge', async () => {
    await start('event-handler');
    const { id } = await body<Run>('/runs', { json: { task: 'order 42' } });
    const placed = (cents: number) => ({ event: { category: 'order', action: 'placed' }, data: { cents } });
    await ask(`/runs/${id}/events`, { json: [placed(1999), placed(0)] });
    await eventually('it is charged', async () => (await typesOf(id)).includes('order.charged'));
    expect(await body(`/runs/${id}/events?type=order.charged`)).toMatchObject({
      events: [{ data: { receipt: 1, tries: 2 } }],
    });
    expect(await body('/payments')).toEqual({ charged: 1 });
    expect(await body('/runs?label=kind:mail')).toMatchObject({
      runs: [{ task: 'mail receipt 1', labels: { order: id } }],
    });
    const dead = async () => (await body<{ dead_letters: object[] }>('/dead-letters')).dead_letters;
    await eventually('it is given up', async () => (await dead()).length === 1);
    expect(await dead()).toMatchObject([
      { group: 'payments', attempts: 1, error: "An order of 0 cents can't be charged." },
    ]);
    expect(await body('/consumers')).toMatchObject({ groups: [{ group: 'payments', dead_letters: 1 }] });
  });
});

describe('The example executor', () => {
  const render = (frames: number) =>
    ask('/runs', { json: { executor: 'render', task: 'a film', input: { frames } } });

  it('renders frames, refuses no film, and stops when it is cancelled', async () => {
    await start('executor');
    const { id } = (await render(3)).body as Run;
    expect(await ended(id)).toMatchObject({ status: 'completed', result: { rendered: 3 } });
    expect(await typesOf(id)).toEqual([
      ...['lifecycle.started', 'render.started', 'render.frame', 'render.frame', 'render.frame'],
      'lifecycle.completed',
    ]);
    expect(await render(0)).toMatchObject({ status: 400, body: { details: [{ path: 'frames' }] } });

    const long = (await render(1000)).body as Run;
    await eventually('it has begun', async () => (await typesOf(long.id)).includes('render.frame'));
    await ask(`/runs/${long.id}/cancel`, { method: 'POST' });
    expect(await ended(long.id)).toMatchObject({ status: 'cancelled' });
    expect((await typesOf(long.id)).at(-1)).toBe('lifecycle.cancelled');
  });
});

describe('The example', () => {
  let worker: Child | undefined;
  afterEach(async () => {
    worker?.process.kill('SIGKILL');
    await worker?.exit();
  });
  const begin = async (executor: string, input: object): Promise<string> => {
    const json = { executor, task: 'work', input };
    await eventually('the executor is known', async () => (await ask('/runs', { json })).status === 201);
    return (await body<{ runs: Run[] }>('/runs?limit=1')).runs[0]!.id;
  };

  it.each([
    ['python-worker', startPython],
    [
      'typescript-worker',
      (url: string) => examples.run('typescript-worker/worker.js', { RUNSTREAM_URL: url }),
    ],
  ])('%s counts, goes on after a kill, and writes one receipt', async (_, startWorker) => {
    await start('executor');
    worker = startWorker(served!.url);
    const run = await begin('count', { to: 20 });
    await eventually('it counts', async () => (await linesOf(run)).length >= 3);
    worker.process.kill('SIGKILL');
    await worker.exit();
    worker = startWorker(served!.url);
    await eventually('it has ended', async () => (await ended(run)).status === 'completed');
    expect(await body(`/runs/${run}`)).toMatchObject({ attempt: 2, result: { counted: 20 } });
    expect(await linesOf(run)).toEqual(Array.from({ length: 20 }, (_, n) => String(n + 1)));
    const receipts = async () => (await body<{ runs: Run[] }>(`/runs?label=of:${run}`)).runs;
    await eventually('there is a receipt', async () => (await receipts()).length > 0);
    worker.process.kill('SIGTERM');
    expect(await worker.exit()).toBe(0);
    expect(await receipts()).toMatchObject([{ task: 'receipt for 20' }]);
  });

  it('shell-worker executes a command, stops it for a cancel, and gives it back at SIGTERM', async () => {
    await start('executor');
    const command = ['sh', '-c', 'echo "say \\"a\\""; cat | grep -o again && exec sleep 60; exit 7'];
    const args = ['examples/shell-worker/worker.sh', served!.url, 'greet', ...command];
    worker = startChild('sh', args, { env: process.env });
    const failing = await begin('greet', {});
    expect(await ended(failing)).toMatchObject({ status: 'failed', error: 'It ended with 7.' });
    expect(await linesOf(failing)).toEqual(['say "a"']);

    const long = await begin('greet', { say: 'again' });
    await eventually('it has begun', async () => (await linesOf(long)).includes('again'));
    await ask(`/runs/${long}/cancel`, { method: 'POST' });
    const next = await begin('greet', { say: 'again' });
    await eventually('the next one has begun', async () => (await linesOf(next)).includes('again'));
    worker.process.kill('SIGTERM');
    expect(await worker.exit()).toBe(0);
    expect(await body(`/runs/${next}`)).toMatchObject({ status: 'running', holder: null });
  });
});

describe('The example own-authentication', () => {
  it('lets its teams see their own runs, and only who may write start some', async () => {
    await start('own-authentication');
    const signIn = async (name: string, password: string) => {
      const { status, headers } = await ask('/sign-in', { json: { name, password } });
      return { status, as: { headers: { cookie: headers.get('set-cookie')?.split(';')[0] ?? '' } } };
    };
    const [ada, alan, grace] = await Promise.all([
      signIn('ada', 'lace'),
      signIn('alan', 'ring'),
      signIn('grace', 'hop'),
    ]);
    const json = { task: 'paint it red' };
    const { id, tenant_id } = await body<Run & { tenant_id: string }>('/runs', { json, ...ada.as });
    expect(tenant_id).toBe('red');

    expect(await body('/runs', alan.as)).toMatchObject({ runs: [{ id }] });
    expect(await ask('/runs', { json, ...alan.as })).toMatchObject({
      status: 403,
      body: { code: 'FORBIDDEN' },
    });
    expect(await body('/runs', grace.as)).toMatchObject({ runs: [] });
    for (const path of ['', '/events', '/events/stream'])
      expect(await ask(`/runs/${id}${path}`, grace.as)).toMatchObject({
        status: 404,
        body: { code: 'RUN_NOT_FOUND' },
      });
    const named = { headers: { ...grace.as.headers, 'x-tenant-id': 'red' } };
    expect(await ask('/runs', named)).toMatchObject({ status: 403 });

    expect(await ask('/runs')).toMatchObject({ status: 401, body: { message: 'Sign in first.' } });
    expect((await signIn('ada', 'hop')).status).toBe(401);
    expect(await body('/me', ada.as)).toEqual({ name: 'ada', team: 'red', runs: ['paint it red'] });
    expect(await body('/me', grace.as)).toEqual({ name: 'grace', team: 'blue', runs: [] });
    const foreign = { ...ada.as.headers, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
    expect(await ask('/runs', { json, headers: foreign })).toMatchObject({ status: 403 });
  });
});

describe('The example own-redis', () => {
  it('reaches Redis as the application says, with its keys beside those of Runstream', async () => {
    const admin = new Redis(redis.url);
    try {
      await admin.call('ACL', 'SETUSER', 'shop', 'on', '>secret', 'allkeys', 'allchannels', 'allcommands');
      await start('own-redis', { REDIS_USERNAME: 'shop', REDIS_PASSWORD: 'secret' });
      const { run } = await body<{ run: string }>('/visits', { method: 'POST' });
      expect(await body(`/runs/${run}`)).toMatchObject({ task: 'visit 1', status: 'running' });

      const clients = (await admin.client('LIST')) as string;
      const names = [...clients.matchAll(/ name=(\S+) .* user=shop /g)].map(([, name]) => name);
      expect(names.sort()).toEqual([
        ...['app', 'runstream-commands', 'runstream-reads', 'runstream-subscriber'],
      ]);
      await admin.select(databases);
      const others = (await admin.keys('*')).filter((key) => !key.startsWith('runstream:'));
      expect(others).toEqual(['app:visits']);
    } finally {
      admin.disconnect();
    }
  });
});

describe('The example prefix-and-errors', () => {
  it('has all routes and links below its prefix, and errors as each client knows them', async () => {
    await start('prefix-and-errors');
    const order = { json: { name: 'a' } };
    const { run } = await body<{ run: string }>('/api/v1/orders', order);
    const again = await ask('/api/v1/orders', order);
    expect(again.headers.get('content-type')).toContain('application/problem+json');
    expect(again.body).toEqual({ status: 409, title: 'There is an order a already.' });

    const { runs } = await body<{ runs: { links: Record<string, string> }[] }>('/api/v1/runs');
    expect(runs).toMatchObject([{ links: { self: `/api/v1/runs/${run}` } }]);
    for (const link of ['self', 'events'])
      expect(await ask(runs[0]!.links[link]!)).toMatchObject({ status: 200 });

    const unknown = { status: 404, body: { code: 'RUN_NOT_FOUND' } };
    expect(await ask('/api/v1/runs/r0_nobody')).toMatchObject(unknown);
    for (const path of ['/api/v1/orders/of-run/r0_nobody', '/api/v1/nothing'])
      expect([path, (await ask(path)).body]).toMatchObject([
        path,
        { status: 404, title: expect.any(String) },
      ]);

    expect((await fetch(`${served!.url}/runs`)).status).toBe(404);

    const { paths } = await body<{ paths: object }>('/docs-json');
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining(['/api/v1/orders', '/api/v1/runs', '/api/v1/runs/{run_id}/events/stream']),
    );
    expect(Object.keys(paths).filter((path) => !path.startsWith('/api/v1/'))).toEqual([]);
    expect((await fetch(`${served!.url}/docs`)).status).toBe(200);
  });
});

describe('The example watch-from-code', () => {
  it('imports a file, tells how far it is, and waits for the outcome', async () => {
    await start('watch-from-code');
    const { id } = await body<Run>('/imports', { json: { file: 'a.csv', rows: 4 } });
    const progress = await fetch(`${served!.url}/imports/${id}/progress`);
    const frames = await progress.text();
    expect([...frames.matchAll(/^data: (.*)$/gm)].map(([, data]) => data)).toEqual([
      ...['{"percent":25}', '{"percent":50}', '{"percent":75}', '{"percent":100}'],
      '{"status":"completed"}',
    ]);
    expect(await body(`/imports/${id}`)).toEqual({ status: 'completed', result: { rows: 4 } });
    const [, second = ''] = [...frames.matchAll(/^id: (.*)$/gm)].map(([, cursor = '']) => cursor);
    const resumed = await fetch(progress.url, { headers: { 'last-event-id': second } });
    expect((await resumed.text()).match(/"percent":\d+/g)).toEqual(['"percent":75', '"percent":100']);
    for (const said of ['row 1', 'row 4', 'completed'])
      await served!.child.line(new RegExp(`${id}: ${said}`));

    const other = await body<Run>('/imports', { json: { file: 'a.csv', rows: 100_000 } });
    expect(await body(`/imports/${other.id}`, { method: 'DELETE' })).toEqual({ status: 'cancelled' });
    await served!.child.line(new RegExp(`${other.id}: cancelled`));
    expect((await ask('/imports/r0_none')).status).toBe(404);
    expect(await body('/imports?file=a.csv')).toEqual([
      { id: other.id, status: 'cancelled' },
      { id, status: 'completed' },
    ]);
  });
});

describe('The example approval-flow', () => {
  it('ships a small change by itself, a large one after an approval, and has both tested', async () => {
    await start('approval-flow');
    const deploy = (service: string, changed_lines: number) =>
      body<Run>('/runs', { json: { executor: 'deploy', task: 'ship', input: { service, changed_lines } } });

    const small = await deploy('shop', 3);
    expect(await ended(small.id)).toMatchObject({
      status: 'completed',
      result: { service: 'shop', approved_by: 'policy' },
    });

    const large = await deploy('bank', 300);
    await eventually('it asks', async () => (await typesOf(large.id)).includes('gate.requested'));
    await ask(`/runs/${large.id}/events`, {
      json: {
        event: { category: 'gate', action: 'approved' },
        source: { agent_id: 'ada' },
        data: { by: 'Ada' },
      },
    });
    expect(await ended(large.id)).toMatchObject({ status: 'completed', result: { approved_by: 'Ada' } });
    expect(await typesOf(large.id)).toEqual([
      ...['lifecycle.started', 'deploy.planned', 'gate.requested', 'gate.approved'],
      ...['deploy.shipped', 'lifecycle.completed'],
    ]);

    const tests = async () => (await body<{ runs: Run[] }>('/runs?label=kind:smoke-test')).runs;
    await eventually('both are tested', async () => (await tests()).length === 2);
    expect((await tests()).map(({ task }) => task).sort()).toEqual([
      'smoke test of bank',
      'smoke test of shop',
    ]);

    expect(await body('/runs', { json: { executor: 'deploy', task: 'ship', input: {} } })).toMatchObject({
      code: 'VALIDATION_FAILED',
      details: [{ path: 'service' }, { path: 'changed_lines' }],
    });
  });
});

const executablePath = chromiumPath();
if (executablePath === undefined)
  report('There is no Chromium here (CHROMIUM may name one): the tests of the example chat are left out.');
const inBrowser = executablePath === undefined ? describe.skip : describe;

inBrowser('The example chat', () => {
  let browser: Browser;
  let chat: ChatInBrowser;
  beforeAll(async () => {
    browser = await launchChromium(executablePath ?? '');
    chat = await ChatInBrowser.start(examples, browser, `${redis.url}/${++databases}`);
  });
  afterEach(() => chat.leave());
  afterAll(async () => {
    await chat?.stop();
    await browser?.close();
  });

  it('holds an answer whole and once, however often it is reloaded', () => chat.isReloaded());

  it('goes on by itself when the service was killed and is there again', () => chat.isServedAgain());

  it('asks until it is answered, and starts one run for a question', () => chat.asksUntilAnswered());

  it('closes its connection and cancels the run at a stop, also when it was resumed', () => chat.isStopped());
});

describe('The example mcp-server', () => {
  const text = 'Counted to 20.';
  const numbers = Array.from({ length: 20 }, (_, i) => i + 1);
  let line: TcpProxy;
  beforeEach(async () => {
    await start('mcp-server');
    line = await startTcpProxy(() => Number(new URL(served!.url).port));
  });
  afterEach(() => line.close());

  const connected = () => connectTo(`http://127.0.0.1:${line.port}/mcp`);
  const runsOf = async (session: string) =>
    (await body<{ runs: Run[] }>(`/runs?key=${session}`, { headers: { 'x-tenant-id': 'shop' } })).runs;

  it('tells a client that is cut twice all that it missed, once and in order', async () => {
    const { client, session, end } = await connected();
    const told: number[] = [];
    const content = await count(client, ({ progress }) => {
      told.push(progress);
      if (progress === 3 || progress === 12) line.cut();
    });
    expect([content, told]).toEqual([[{ type: 'text', text }], numbers]);
    expect(line.takeSent().match(/^last-event-id: r0_.*:/gm)).toHaveLength(2);
    await end();
    await client.close();
    expect((await runsOf(session)).map(({ status }) => status)).toEqual(['completed', 'completed']);
  });

  it('gives a client that comes back to another process what its stream was told', async () => {
    const { client, session } = await connected();
    const told: number[] = [];
    const counting = count(client, ({ progress }) => {
      told.push(progress);
      if (progress === 3) line.refuse(true);
    });
    await eventually('it has counted', async () => {
      const [call] = await runsOf(session);
      return told.length === 3 && call?.status === 'completed';
    });
    const settings = { REDIS_URL: `${redis.url}/${databases}` };
    served!.child.process.kill('SIGTERM');
    await served!.child.exit();
    await start('mcp-server', settings);
    line.refuse(false);
    expect([await counting, told]).toEqual([[{ type: 'text', text }], numbers]);
    await client.close();
  });

  it("gives nobody another session's stream", async () => {
    const [mine, other] = [await connected(), await connected()];
    await count(mine.client, () => undefined);
    const [call] = await runsOf(mine.session);
    const { events } = await body<{ events: { id: string }[] }>(`/runs/${call!.id}/events`, {
      headers: { 'x-tenant-id': 'shop' },
    });
    const replayed = (session: string, tenant: string) =>
      replay(`${served!.url}/mcp`, session, tenant, `${call!.id}:${events[1]!.id}`);
    expect(await replayed(mine.session, 'shop')).toEqual({
      status: 200,
      text: expect.stringContaining(text),
    });
    const refused = { status: 500, text: expect.not.stringContaining(text) };
    for (const session of [other.session, 'unknown', ''])
      expect([session, await replayed(session, 'shop')]).toEqual([session, refused]);
    expect(await replayed(mine.session, 'bank')).toEqual(refused);
    await mine.client.close();
    await other.client.close();
  });
});

describe('The tests that examples have of their own', () => {
  it('pass', async () => {
    const printed = await examples.test(redis.url);
    expect(printed).toContain('# fail 0');
    expect(printed).toMatch(/# pass [1-9]/);
  });
});
