import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Client } from '../conformance/client.js';
import { eventOf, numberedRange, type RecordedEvent, terminal } from '../conformance/model.js';
import { range } from '../client/following.js';
import { bundleOf } from '../support/bundle-of.js';
import type { Serving } from '../support/service.js';
import { freePort } from '../support/redis.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { TestBed } from '../support/test-bed.js';
import { cli, cliProcess, OBEYED, startCli } from './run-cli.js';

const bed = new TestBed();
let service: Serving;
let api: Client;
/** What every command of these tests is told. */
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  service = await bed.serveHere({ SSE_RETRY_MS: '1', EVENT_MAX_LENGTH: '100' });
  api = bed.client(service);
  env = { RUNSTREAM_URL: service.url };
});
afterAll(() => bed.close());

const follow = (args: readonly string[], more: NodeJS.ProcessEnv = {}) =>
  cli(['follow', ...args], { env: { ...env, ...more } });

async function runWith(...events: Parameters<Client['append']>[1][]): Promise<string> {
  const { id } = await api.createRun();
  for (const event of events.flat()) await api.append(id, event);
  return id;
}

const end = (action: string, data = {}) => eventOf(`lifecycle.${action}`, data);
const sequencesOf = (stdout: string): number[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as RecordedEvent).sequence);

describe('runstream follow', () => {
  it.each([
    ['completed', 0],
    ['failed', 1],
    ['cancelled', 3],
  ])('ends as the run ends: %s is %d', async (action, code) => {
    const id = await runWith(end(action));
    const done = await cliProcess(['follow', id], { env });
    expect(done.code).toBe(code);
    expect(done.stdout.split('\n').at(-2)).toMatch(
      new RegExp(`^${action} in \\d+(\\.\\d)? m?s, 2 events, 0 missing$`),
    );
    expect(done.stderr).toContain(`${service.url}/#/runs/${id}`);
    // Of one whose end the cursor is, nothing comes any more.
    const { next_id, events } = await api.page(id);
    expect(next_id).toBeNull();
    expect((await follow([id, '--after', events.at(-1)!.id])).code).toBe(code);
  });

  it('tells texts as they are written, tools on a line each, and output with its colours', async () => {
    const a = { source: { agent_id: 'a' } };
    const b = { source: { agent_id: 'b' } };
    const id = await runWith(
      eventOf('llm.stream', { content: 'Hel' }, a),
      eventOf('llm.stream', { content: 'lo\nthere' }, a),
      eventOf('llm.stream', { content: 'Me too' }, b),
      eventOf('llm.stream', { content: ', you' }, a),
      eventOf('llm.tool_call', { tool_name: 'bash', arguments: { command: 'ls' }, tool_call_id: '1' }),
      eventOf('llm.tool_result', { tool_name: 'bash', result: 'a\nb', tool_call_id: '1' }),
      eventOf('llm.tool_call', { tool_name: 'slow', arguments: {}, tool_call_id: '2' }),
      eventOf('log.stdout', { line: '\u001b[32mgreen\u001b[0m' }),
      eventOf('log.stderr', { line: 'oh' }),
      eventOf('llm.tool_result', { tool_name: 'slow', result: 'done', tool_call_id: '2' }),
      end('completed', { result: 'ok' }),
    );
    const { stdout } = await follow([id]);
    expect(stdout.replaceAll(/ {2}\d+ ms$/gm, '')).toBe(
      [
        'lifecycle.started conformance',
        'a: Hello',
        'there',
        'b: Me too',
        'a: , you',
        '⚙ bash({"command":"ls"}) → a\\nb',
        '⚙ slow({})',
        'green',
        'stderr oh',
        '⚙ slow(…) → done',
        'lifecycle.completed {"result":"ok"}',
        stdout.split('\n').at(-2),
        '',
      ].join('\n'),
    );
  });

  it('takes no terminal escape from data to the terminal, and shows what turns text around', async () => {
    const bad = '\u001b]0;title\u0007\u001b[2J\u009b1A\rx\u0000\u202ey\u2066\u001b';
    const id = await runWith(
      eventOf('llm.stream', { content: bad }, { source: { agent_id: bad } }),
      eventOf('llm.tool_call', { tool_name: bad, arguments: { [bad]: bad } }, { source: { agent_id: 'b' } }),
      eventOf('llm.tool_result', { tool_name: bad, result: bad }, { source: { agent_id: 'b' } }),
      eventOf('log.stdout', { line: `${bad}\u001b[31mred\u001b[8mhidden` }),
      eventOf('agent.error', { error: bad }),
      end('failed', { error: bad, [bad]: bad }),
    );
    const commands = ['follow', 'events', 'show'].flatMap((name) => [
      [name, id],
      [name, id, '--json'],
    ]);
    const printed = await Promise.all(commands.map((args) => cliProcess(args, { env })));
    for (const { stdout, stderr } of printed) {
      expect(`${stdout}${stderr}`).not.toMatch(OBEYED);
      expect(stdout).toContain('\\u202ey\\u2066');
    }
    const lines = printed[3]!.stdout.split('\n');
    expect((JSON.parse(lines[1]!) as RecordedEvent).data).toEqual({ content: bad });
  });

  it('says what is missing, and with --strict ends there', async () => {
    const { id } = await api.createRun();
    await api.append(id, numberedRange(2, 200));
    await api.append(id, terminal());
    const { sequence } = await api.run(id);
    const whole = await follow([id]);
    const missing = Number(/^-- (\d+) events are no longer kept\.$/m.exec(whole.stdout)?.[1]);
    expect(missing).toBeGreaterThan(0);
    expect(whole.code).toBe(0);
    expect(whole.stdout).toContain(`, ${sequence - missing} events, ${missing} missing\n`);
    const strict = await follow([id, '--strict', '--json']);
    expect([strict.code, strict.stdout]).toEqual([6, '']);
    expect(strict.stderr).toContain(`${missing} events`);
  });

  it('begins where it is told', async () => {
    const { id } = await api.createRun();
    await api.append(id, numberedRange(2, 9));
    const before = Date.parse((await api.page(id)).events.at(-1)!.timestamp);
    while (Date.now() <= before + 1) await new Promise(setImmediate);
    await api.append(id, [eventOf('log.stdout', { line: 'x' }), terminal()]);
    const { events } = await api.page(id);
    const since = events.at(-2)!.timestamp;
    const sequences = async (...args: string[]) =>
      sequencesOf((await follow([id, '--json', ...args])).stdout);
    const expected: [string[], number[]][] = [
      [[], range(1, 11)],
      [
        ['--tail', '3'],
        [9, 10, 11],
      ],
      [['--tail', '100'], range(1, 11)],
      [['--tail', '0'], []],
      [
        ['--after', events[6]!.id],
        [8, 9, 10, 11],
      ],
      [
        ['--since', since],
        [10, 11],
      ],
      [['--since', '1h'], range(1, 11)],
      [['--types', 'log.*'], [10]],
      [['--types', 'log.*', '--tail', '1'], [10]],
      [['--from', 'start'], range(1, 11)],
    ];
    const got = await Promise.all(expected.map(async ([args]) => [args, await sequences(...args)]));
    expect(got).toEqual(expected);
    const both = await follow([id, '--tail', '1', '--from', 'start']);
    expect([both.code, both.stderr]).toEqual([2, expect.stringMatching(/one of --from/)]);
  });

  it('finds the run by --latest, or on stdin', async () => {
    const { url } = await bed.serveHere({ MULTI_TENANCY_ENABLED: 'true' });
    const own = { env: { RUNSTREAM_URL: url, RUNSTREAM_TENANT: `cli-${Date.now()}` } };
    expect((await cli(['follow', '--latest'], own)).stderr).toMatch(/no run yet/);
    const { stdout } = await cli(['start', 'first', '--json'], own);
    const { id } = JSON.parse(stdout) as { id: string };
    await cli(['append', id], { ...own, stdin: JSON.stringify(terminal()) });
    const json = (args: string[], stdin = '') => cli(['follow', '--json', ...args], { ...own, stdin });
    expect(sequencesOf((await json(['--latest'])).stdout)).toEqual([1, 2]);
    expect(sequencesOf((await json(['-'], `${id}\n`)).stdout)).toEqual([1, 2]);
    expect(sequencesOf((await json(['-'], stdout)).stdout)).toEqual([1, 2]);
    expect((await json(['-'])).code).toBe(2);
    expect((await json([])).code).toBe(2);
    expect((await json(['no-such-run'])).code).toBe(2);
  });

  it('gives up when the time is up, and says how to come back', async () => {
    const id = await runWith(eventOf('llm.stream', { content: 'a' }));
    const { code, stderr } = await follow([id, '--timeout', '1s']);
    expect([code, stderr]).toEqual([5, expect.stringMatching(/did not end within 1\.0 s/)]);
    const { events } = await api.page(id);
    expect(stderr).toContain(`runstream follow ${id} --after ${events.at(-1)!.id}`);
    expect((await api.run(id)).status).toBe('running');
  });

  it('says so when the run is silent, and why', async () => {
    const id = await runWith();
    const following = startCli(['follow', id, '--silence', '200ms'], { env });
    await following.until(/Silent for .* Its producer is outside/);
    await api.append(id, terminal());
    expect(await following.exit()).toBe(0);
  });

  it('ends with 130 on Ctrl-C, and the run goes on', async () => {
    const id = await runWith(eventOf('llm.stream', { content: 'abc' }));
    const following = startCli(['follow', id], { env });
    await following.until(/abc/);
    following.process.kill('SIGINT');
    expect(await following.exit()).toBe(130);
    expect(following.stderr).toMatch(
      new RegExp(`${id} goes on. Come back with: runstream follow ${id} --after \\d+-2`),
    );
    expect((await api.run(id)).status).toBe('running');
  });

  it('ends with 1 when the run is deleted', async () => {
    const id = await runWith(eventOf('llm.stream', { content: 'abc' }));
    const following = startCli(['follow', id], { env });
    await following.until(/abc/);
    await api.request('DELETE', `/runs/${id}`);
    expect([await following.exit(), following.stdout]).toEqual([
      1,
      expect.stringMatching(/deleted, 2 events/),
    ]);
  });

  it('prints each event as it comes, and ends quietly when nobody reads any more', async () => {
    const { id } = await api.createRun();
    await api.append(id, numberedRange(2, 50));
    const program = bundleOf(process.env['TEST_COMPILED_DIR'] ?? '', 'packages/cli/src/main.ts');
    const shell = spawn(
      'sh',
      ['-c', `"${process.execPath}" "${program}" follow ${id} --json | head -n 1; wait`],
      {
        env: { ...process.env, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let printed = '';
    let said = '';
    shell.stdout.on('data', (text: Buffer) => (printed += text.toString()));
    shell.stderr.on('data', (text: Buffer) => (said += text.toString()));
    // The run goes on: only the closed pipe ends it, with the next event at the latest.
    const closed = once(shell, 'close');
    let isOver = false;
    void closed.then(() => (isOver = true));
    while (!isOver) await api.append(id, eventOf('llm.stream', { content: 'more' }));
    expect(sequencesOf(printed)).toEqual([1]);
    expect(said.trim()).toBe(`${service.url}/#/runs/${id}`);
  });

  it('T-restart goes on over cuts and a restart of the service, each event once', async () => {
    const port = await freePort();
    const own = { PORT: String(port), SSE_RETRY_MS: '1' };
    let first: Serving | undefined = await bed.serveHere(own);
    const url = first.url;
    const proxy: TcpProxy = await startTcpProxy(port);
    bed.onClose(() => proxy.close());
    const client = bed.client({ url });
    const { id } = await client.createRun();
    const following = startCli(['follow', id, '--json'], {
      env: { RUNSTREAM_URL: `http://127.0.0.1:${proxy.port}` },
    });
    await client.append(id, numberedRange(2, 100));
    await following.until(/"sequence":100\b/);
    proxy.cut();
    await client.append(id, numberedRange(101, 200));
    await following.until(/"sequence":200\b/);
    await first.stop();
    first = undefined;
    await following.until(/can not be reached/);
    await bed.serveHere(own);
    await client.append(id, numberedRange(201, 300));
    await client.append(id, terminal());
    expect(await following.exit()).toBe(0);
    expect(sequencesOf(following.stdout)).toEqual(range(1, 301));
    expect(following.stderr).toMatch(/is back[^]*completed in .*301 events, 0 missing/);
  });
});
