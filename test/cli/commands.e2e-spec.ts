import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventHandler, type Handler } from '../../src/index.js';
import { TestKeys } from '../access/keys.js';
import { json, startLyingServer } from '../client/lying-server.js';
import { range } from '../client/following.js';
import type { Client } from '../conformance/client.js';
import { numbered, numberedRange, type Run, terminal } from '../conformance/model.js';
import { startApplication } from '../support/application.js';
import { eventually } from '../support/eventually.js';
import { SeededRandom, seedFromEnvironment } from '../support/seeded-random.js';
import { report } from '../support/report-line.js';
import { freePort } from '../support/redis.js';
import type { Serving } from '../support/service.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { TestBed } from '../support/test-bed.js';
import { cli, type CliOptions, OBEYED, startCli } from './run-cli.js';

const GROUP = `cli-${Date.now()}`;
let isBroken = true;

@EventHandler({ group: GROUP, types: ['log.stdout'], maxAttempts: 1 })
class Broken implements Handler {
  handle(): void {
    if (isBroken) throw new Error('the bank is closed');
  }
}

@Module({ providers: [Broken] })
class HandlersModule {}

const bed = new TestBed();
let keys: TestKeys;
let service: Serving;
let api: Client;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  keys = await TestKeys.open();
  bed.onClose(() => keys.close());
  service = await bed.serveHere();
  api = bed.client(service);
  env = { RUNSTREAM_URL: service.url };
});
afterAll(() => bed.close());

const run = (args: string[], options: CliOptions = {}) =>
  cli(args, { ...options, env: { ...env, ...options.env } });
const codeOf = async (args: string[], options: CliOptions = {}) => (await run(args, options)).code;

describe('runstream', () => {
  it('starts, lists, shows and cancels runs', async () => {
    const runKey = `key ${Math.random()}`;
    const label = ['--label', `cli:${Math.random()}`];
    const started = await run(['start', 'a task', '--run-key', runKey, ...label]);
    const id = started.stdout.trim();
    expect([started.code, id]).toEqual([0, expect.stringMatching(/^r\d+_\w+$/)]);
    expect(started.stderr).toContain(`${service.url}/#/runs/${id}`);
    const [listed, asJson, shown, opened] = await Promise.all([
      run(['runs', '--active', '--run-key', runKey, ...label, '--task', 'TASK', '--since', '1h']),
      run(['runs', '--run-key', runKey, '--json']),
      run(['show', id]),
      run(['open', id]),
    ]);
    expect(listed.stdout).toMatch(new RegExp(`^RUN .*\\n${id}  running .* a task\\n$`));
    expect((JSON.parse(asJson.stdout) as Run).id).toBe(id);
    expect(shown.stdout).toMatch(/status +running {2}Its producer is outside/);
    expect(opened.stdout).toBe(`${service.url}/#/runs/${id}\n`);
    expect((await run(['cancel', id, '--reason', 'enough'])).stdout).toBe(`${id} cancelled\n`);
    expect((await api.run(id)).status).toBe('cancelled');
    // It has ended.
    expect(await codeOf(['cancel', id])).toBe(1);
    expect((await run(['runs', '--run-key', `${runKey}x`])).stderr).toBe('No run is like that.\n');
  });

  it('prints a history, page after page', async () => {
    const { id } = await api.createRun();
    for (let from = 2; from < 2500; from += 500) await api.append(id, numberedRange(from, from + 499));
    const sequences = async (...args: string[]) =>
      (await run(['events', id, '--json', ...args])).stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { sequence: number }).sequence);
    expect(await sequences()).toEqual(range(1, 2501));
    expect(await sequences('--reverse', '--limit', '2')).toEqual([2501, 2500]);
    expect((await run(['events', id, '--limit', '1'])).stdout).toMatch(
      /^ +1 {2}\d{4}-\S+Z {2}lifecycle\.started conformance\n$/,
    );
  });

  it('appends what comes on stdin, each once, over a line that is cut', async () => {
    const random = new SeededRandom(seedFromEnvironment());
    report(`cli append: SEED=${random.seed}`);
    let cuts = 0;
    const proxy = await startTcpProxy(Number(new URL(service.url).port), () =>
      cuts < 4 ? { afterBytes: random.integer(1, 500), onCut: () => cuts++ } : undefined,
    );
    bed.onClose(() => proxy.close());
    const { id } = await api.createRun();
    const appending = startCli(['append', id], {
      env: { RUNSTREAM_URL: `http://127.0.0.1:${proxy.port}` },
      isOpen: true,
    });
    for (let n = 2; n <= 200; n++) {
      appending.process.stdin!.write(`${JSON.stringify(numbered(n))}\n`);
      if (n % 20 === 0)
        await eventually(`event ${n} is there`, async () => (await api.run(id)).sequence >= n);
    }
    // The last line has no end.
    appending.process.stdin!.end(`\n${JSON.stringify(terminal())}`);
    expect([await appending.exit(), appending.stdout]).toEqual([0, '200 events are stored.\n']);
    expect((await api.history(id)).map(({ sequence, data }) => data['n'] ?? sequence)).toEqual([
      1,
      ...range(2, 200),
      201,
    ]);
    expect(cuts).toBeGreaterThan(1);
    // Nothing is appended to a run that has ended.
    expect(await codeOf(['append', id], { stdin: JSON.stringify(numbered(1)) })).toBe(1);
  });

  it('names the line that is no event, and stores what came before it', async () => {
    const { id } = await api.createRun();
    const stdin = `${JSON.stringify(numbered(2))}\n{"a":\n${JSON.stringify(numbered(3))}\n`;
    const { code, stderr } = await run(['append', id], { stdin });
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/Line 2 is no JSON.*1 event before it is stored/),
    ]);
    expect((await api.run(id)).sequence).toBe(2);
    expect(await codeOf(['append', id], { stdin: '[]' })).toBe(2);
    expect((await run(['append', id], { stdin: '{"event": 1}' })).stderr).toMatch(/VALIDATION_FAILED.*event/);
    const again = { stdin: JSON.stringify(numbered(5)) };
    await run(['append', id, '--writer-id', 'w'], again);
    await run(['append', id, '--writer-id', 'w'], again);
    expect((await api.run(id)).sequence).toBe(3);
  });

  it('ends with 130 on Ctrl-C while it waits for stdin', async () => {
    const { id } = await api.createRun();
    const appending = startCli(['append', id], { env, isOpen: true });
    appending.process.stdin!.write(`${JSON.stringify(numbered(2))}\n`);
    await eventually('it is stored', async () => (await api.run(id)).sequence === 2);
    appending.process.kill('SIGINT');
    expect(await appending.exit()).toBe(130);
  });

  it('shows groups, what is pending and what died, and steers them', async () => {
    const application = await startApplication({}, { imports: [HandlersModule] });
    bed.onClose(() => application.close());
    const own = { env: { RUNSTREAM_URL: application.url } };
    const { id } = await api.createRun();
    await api.append(id, { event: { category: 'log', action: 'stdout' }, data: { line: 'x' } });
    let letters = '';
    await eventually('it died', async () => {
      letters = (await run(['dead-letters', '--group', GROUP], own)).stdout;
      return letters.includes('the bank is closed');
    });
    expect(letters).toMatch(new RegExp(`^${GROUP}\\.\\S+ .* log\\.stdout +${id} +the bank is closed$`, 'm'));
    const groups = await run(['groups'], own);
    expect(groups.stdout).toMatch(new RegExp(`^${GROUP} .* Broken$`, 'm'));
    expect((await run(['pause', GROUP], own)).stdout).toMatch(/ paused, \d+ ms ago /);
    const letter = letters
      .split('\n')
      .find((line) => line.startsWith(GROUP))!
      .split(' ')[0]!;
    expect((await run(['redrive', letter], own)).stdout).toBe(`${letter} goes back to its group.\n`);
    const [pending, doctor] = await Promise.all([
      run(['pending', GROUP, '--json'], own),
      run(['doctor'], own),
    ]);
    expect([pending.code, pending.stderr]).toEqual([0, '']);
    expect([doctor.code, doctor.stdout]).toEqual([
      1,
      expect.stringMatching(new RegExp(`✗.*${GROUP} by .*, paused, 1 behind`)),
    ]);
    isBroken = false;
    const watching = startCli(['groups', '--watch', '--every', '50ms'], own);
    await watching.until(new RegExp(`${GROUP} +paused, .* ago +1 \\+0\\.0/s`));
    expect((await run(['resume', GROUP], own)).code).toBe(0);
    await watching.until(new RegExp(`${GROUP} +up to date +0 `));
    watching.process.kill('SIGINT');
    expect(await watching.exit()).toBe(130);
    expect((await run(['redrive', '--group', GROUP], own)).stdout).toBe(`0 go back to ${GROUP}.\n`);
    for (const wrong of [
      ['pause', 'no-group'],
      ['pending', 'no-group'],
      ['redrive', `${GROUP}.1-0`],
      ['redrive'],
    ])
      expect([wrong, await codeOf(wrong, own)]).toEqual([wrong, 2]);
  });

  it('asks for credentials, and takes them from where they are', async () => {
    const { url } = await bed.serveHere({ AUTH_MODE: 'api-key' });
    const { secret } = await keys.create('default');
    const { secret: weak } = await keys.create('default', ['runs:read']);
    const folder = await mkdtemp(join(tmpdir(), 'runstream-cli-test-'));
    bed.onClose(() => rm(folder, { recursive: true }));
    const config = join(folder, 'config');
    await mkdir(config);
    await writeFile(
      join(config, 'runstream.json'),
      JSON.stringify({ profile: 'mine', profiles: { mine: { url, key: secret }, weak: { url, key: weak } } }),
    );
    const at = { RUNSTREAM_URL: url };
    const withProfiles = { RUNSTREAM_URL: '', XDG_CONFIG_HOME: config };
    const inFolder = join(folder, 'of-env');
    await mkdir(inFolder);
    await writeFile(
      join(inFolder, '.env'),
      `RUNSTREAM_URL=${url}\nRUNSTREAM_KEY=${secret}\nNODE_OPTIONS=--no\n`,
    );
    const expected: [string[], CliOptions, number][] = [
      [['runs'], { env: at }, 4],
      [['runs', '--key', 'rs_no'], { env: at }, 4],
      [['runs', '--key', secret], { env: at }, 0],
      [['runs'], { env: { ...at, RUNSTREAM_KEY: secret } }, 0],
      [['start', 'x'], { env: { ...at, RUNSTREAM_KEY: weak } }, 4],
      [['runs'], { env: { RUNSTREAM_URL: '' }, cwd: inFolder }, 0],
      [['runs'], { env: withProfiles }, 0],
      [['keys', 'create', '--name', 'x', '--scopes', 'runs:read'], { env: withProfiles }, 0],
      [['keys'], { env: withProfiles }, 0],
      [['start', 'x', '--profile', 'weak'], { env: { ...withProfiles, RUNSTREAM_KEY: secret } }, 4],
      [['runs', '--profile', 'none'], { env: withProfiles }, 2],
      // Another address gets no key of the profile.
      [['runs', '--url', url], { env: withProfiles }, 4],
      [['doctor'], { env: at }, 4],
      [['doctor'], { env: withProfiles }, 0],
    ];
    for (const [args, options, code] of expected) {
      const done = await run(args, options);
      expect([args, options, done.code, done.stderr]).toEqual([args, options, code, expect.any(String)]);
    }
    const listed = await run(['keys', 'list', '--json'], { env: withProfiles });
    const made = listed.stdout
      .split('\n')
      .map((line) => JSON.parse(line || '{}') as { id: string; name: string });
    const { id } = made.find(({ name }) => name === 'x')!;
    expect((await run(['keys', 'revoke', id], { env: withProfiles })).stdout).toBe(`${id} is revoked.\n`);
    const said = await run(['runs'], { env: at });
    expect(said.stderr).toMatch(/UNAUTHORIZED.*--key or RUNSTREAM_KEY/);
  });

  it('says where nothing answers, or something else', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const lying = await startLyingServer((response) => response.end('<h1>hello</h1>'));
    bed.onClose(() => lying.close());
    for (const args of [['runs'], ['follow', 'r0_x'], ['doctor']]) {
      const { code, stdout, stderr } = await run(args, { env: { RUNSTREAM_URL: url } });
      expect([args, code, `${stdout}${stderr}`]).toEqual([
        args,
        5,
        expect.stringContaining(`Nothing answers at ${url}.`),
      ]);
    }
    const { code, stderr } = await run(['runs', '--url', lying.url]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/is this the address of a Runstream service/)]);
    for (const wrong of [
      ['--url', 'nonsense'],
      ['--limit', '0'],
      ['--nonsense'],
      ['--since', 'x'],
      ['--label', 'x'],
    ])
      expect([wrong, await codeOf(['runs', ...wrong])]).toEqual([wrong, 2]);
  });

  it('prints nothing that a terminal obeys, whatever a service says', async () => {
    const bad = '\u001b]0;title\u0007\u001b[2J\u009b1A\rx\u0000\u202ey\u2066\n\u001b';
    const lying = await startLyingServer((response, request) => {
      const answer = answerWith(bad, request.url ?? '');
      json(response, request.url?.startsWith('/health/ready') ? 503 : 200, answer);
    });
    bed.onClose(() => lying.close());
    const refusing = await startLyingServer((response) =>
      json(response, 409, {
        code: bad,
        message: bad,
        request_id: bad,
        details: [{ path: bad, message: bad }],
      }),
    );
    bed.onClose(() => refusing.close());
    const commands = [
      ...[
        ['runs'],
        ['show', 'r'],
        ['events', 'r'],
        ['cancel', 'r'],
        ['groups'],
        ['pause', 'g'],
        ['pending', 'g'],
      ],
      ...[['dead-letters'], ['redrive', bad], ['keys'], ['doctor'], ['start', 'x'], ['open', bad]],
      ['keys', 'create', '--name', 'x', '--scopes', 'y'],
    ].map((args) => args.map((arg) => arg.replaceAll('\u0000', '')));
    for (const { url } of [lying, refusing]) {
      for (const args of commands) {
        const done = await Promise.all([
          cli([...args, '--url', url]),
          cli([...args, '--url', url, '--json']),
        ]);
        for (const { code, stdout, stderr } of done) {
          const text = `${stdout}${stderr}`;
          expect([args, text]).toEqual([args, expect.not.stringMatching(OBEYED)]);
          expect([args, text]).toEqual([args, expect.stringMatching(/./)]);
          expect([args, text, code]).toEqual([args, text, expect.any(Number)]);
          expect([args, text]).toEqual([args, expect.not.stringMatching(/ {4}at |main\.mjs/)]);
        }
      }
    }
  });
});

/** Any answer of the service, with this text wherever there is one. */
function answerWith(text: string, path: string): unknown {
  const event = {
    id: '9-1',
    run_id: text,
    sequence: 1,
    timestamp: text,
    data: { content: text, [text]: text },
  };
  const anEvent = { ...event, event: { category: text, action: text }, source: { agent_id: text } };
  const aRun = {
    ...{
      id: text,
      tenant_id: text,
      executor: text,
      task: text,
      key: text,
      status: text,
      attempt: 2,
      sequence: 1,
    },
    ...{ created_at: text, started_at: text, completed_at: text, last_event_at: text, expires_at: text },
    ...{ result: text, error: text, input: { [text]: text }, labels: { [text]: text }, waiting_for: text },
    ...{ statistics: { events: { [text]: 1 } }, holder: { instance: text, lease_until: text } },
  };
  const aGroup = {
    ...{
      group: text,
      handlers: [text],
      types: [text],
      members: [{ name: text }],
      consumers: [],
      lag: 1,
      lag_ms: 1,
    },
    ...{ pending: 1, delayed_retries: 1, dead_letters: 1, paused: false, handled: true },
  };
  const aKey = {
    ...{ id: text, name: text, tenant_id: text, scopes: [text], created_at: text, expires_at: text },
    ...{ revoked_at: null, last_used_at: text, key: text },
  };
  const aPending = {
    ...{ entry: text, run_id: text, type: text, consumer: text, state: text, age_ms: 1, attempts: 1 },
    ...{ next_try_at: text, last_error: text },
  };
  const aLetter = { id: text, run_id: text, event: anEvent, error: text, attempts: 1, last_failure_at: text };
  const anExecutor = { name: text, live_instances: 1, running: 1, pending: 1 };
  const last = { next_cursor: null, next_id: null };
  if (path.includes('/pending')) return { pending: [aPending], ...last };
  if (path.startsWith('/dead-letters/')) return { redriven: 1, trimmed: 1 };
  if (path.startsWith('/health') || path.startsWith('/docs')) {
    return { status: 'ok', code: text, message: text, checks: { [text]: text }, info: { version: text } };
  }
  if (path.startsWith('/session')) {
    return { auth_mode: text, tenant_id: text, scopes: [text], expires_at: text, tenants: text };
  }
  // Lists and single ones have different names.
  const lists = {
    runs: [aRun],
    groups: [aGroup],
    keys: [aKey],
    dead_letters: [aLetter],
    executors: [anExecutor],
  };
  const one = path.startsWith('/consumers/') ? aGroup : path.startsWith('/keys') ? aKey : aRun;
  return { ...one, ...lists, events: [anEvent], ...last };
}
