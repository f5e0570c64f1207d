import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectError, expectStatus, type Client } from '../conformance/client.js';
import { typeOf, type Run } from '../conformance/model.js';
import { assertSequences } from '../conformance/watcher.js';
import { bundleOf } from '../support/bundle-of.js';
import { eventually } from '../support/eventually.js';
import { report } from '../support/report-line.js';
import { TestBed } from '../support/test-bed.js';

const bed = new TestBed();

/** Bundled for this test run. */
const CONFORMANCE = bundleOf(process.env['TEST_COMPILED_DIR'] ?? '', 'test/conformance/cli.ts');

let folder: string;
let api: Client;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runstream-commands-'));
  bed.onClose(() => rm(folder, { recursive: true }));
  const ticks = 'let n = 0; setInterval(() => console.log(`tick ${++n}`), 100)';
  const scripts = { sections: `"${process.execPath}" "${CONFORMANCE}"` };
  await writeFile(join(folder, 'package.json'), JSON.stringify({ scripts }));
  await writeFile(
    join(folder, 'commands.json'),
    JSON.stringify({
      sections: {
        argv: ['npm', 'run', 'sections', '--', '--list'],
        cwd: folder,
        timeout_seconds: 60,
      },
      // A child of a child, as npm scripts have them: both must go.
      ticks: {
        argv: ['sh', '-c', `echo pid $$; "${process.execPath}" -e '${ticks}' & echo child $!; wait`],
      },
      fails: { argv: [process.execPath, '-e', 'process.exit(1)'] },
      slow: { argv: [process.execPath, '-e', ticks], timeout_seconds: 1 },
    }),
  );
  api = bed.client(await bed.serveHere({ COMMANDS_FILE: join(folder, 'commands.json') }));
});

afterAll(() => bed.close());

async function start(command: string): Promise<Run> {
  const json = { executor: 'command', task: `run ${command}`, input: { command } };
  return expectStatus(await api.request('POST', '/runs', { json }), 201).json<Run>();
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('POST /runs {"executor": "command"}', () => {
  it('runs an npm script, and its lines arrive live', async () => {
    const from = Date.now();
    const run = await start('sections');
    expect(run.status).toBe('pending');
    const watcher = await api.watch(run.id);
    await watcher.until(
      'its first line',
      () => watcher.events.some((event) => typeOf(event).startsWith('log.')),
      30_000,
    );
    const firstLineMs = Date.now() - from;
    await watcher.untilEnd(30_000);
    assertSequences(watcher.events, 1, watcher.events.length);
    const out = watcher.events
      .filter((event) => typeOf(event) === 'log.stdout')
      .map(({ data }) => data['line']);
    expect(out).toContainEqual(expect.stringContaining('3.3 Live stream'));
    expect(typeOf(watcher.events[0]!)).toBe('lifecycle.started');
    expect(watcher.events.at(-1)).toMatchObject({
      event: { category: 'lifecycle', action: 'completed' },
      data: { result: { exit_code: 0 } },
    });
    expect(await api.run(run.id)).toMatchObject({ status: 'completed', result: { exit_code: 0 } });
    report(
      `npm run sections -- --list: first line after ${firstLineMs} ms, ${out.length} lines in ${Date.now() - from} ms`,
    );
  });

  it('T25 cancel kills it with its children, and nothing comes after', async () => {
    const run = await start('ticks');
    const watcher = await api.watch(run.id);
    await watcher.until('some ticks', () => watcher.events.some(({ data }) => data['line'] === 'tick 3'));
    const pids = watcher.events
      .map(({ data }) => /^(?:pid|child) (\d+)$/.exec(String(data['line']))?.[1])
      .filter((pid) => pid !== undefined)
      .map(Number);
    expect(pids).toHaveLength(2);
    expect(pids.every(isAlive)).toBe(true);
    const cancelled = await api.request('POST', `/runs/${run.id}/cancel`, { json: { reason: 'enough' } });
    expect(cancelled.json<Run>().status).toBe('cancelled');
    await watcher.untilEnd();
    await eventually('both processes are gone', () => !pids.some(isAlive));
    expect(watcher.events.at(-1)).toMatchObject({
      event: { category: 'lifecycle', action: 'cancelled' },
      data: { reason: 'enough' },
    });
    const { sequence } = watcher.events.at(-1)!;
    expect(await api.run(run.id)).toMatchObject({ status: 'cancelled', sequence });
  });

  it('fails with the exit code, and with the time limit', async () => {
    const [failing, slow] = await Promise.all([start('fails'), start('slow')]);
    const ended = await Promise.all([failing, slow].map(({ id }) => api.run(id, { wait_seconds: 15 })));
    expect(ended[0]).toMatchObject({ status: 'failed', error: 'exit code 1' });
    expect(ended[1]).toMatchObject({ status: 'failed', error: 'timed out after 1 s' });
  });

  it('takes only commands that the deployment has named', async () => {
    for (const input of [{}, { command: 'rm' }, { command: 'ticks', argv: ['x'] }, { command: ['ticks'] }]) {
      const reply = await api.request('POST', '/runs', { json: { executor: 'command', task: 'x', input } });
      expectError(reply, 400, 'VALIDATION_FAILED');
    }
    const unknown = await api.request('POST', '/runs', { json: { executor: 'shell', task: 'x' } });
    expect(expectError(unknown, 400, 'UNKNOWN_EXECUTOR').message).toMatch(
      /command.*external|external.*command/,
    );
  });

  it('lets nobody else write its lifecycle', async () => {
    const run = await start('ticks');
    const watcher = await api.watch(run.id);
    await watcher.until('it runs', () => watcher.events.length > 0);
    const outside = { event: { category: 'lifecycle', action: 'completed' }, data: {} };
    expectError(await api.post(run.id, outside), 409, 'RUN_HAS_EXECUTOR');
    await api.append(run.id, { event: { category: 'gate', action: 'approved' }, data: {} });
    await api.request('POST', `/runs/${run.id}/cancel`);
  });
});

describe('While Redis is away', () => {
  it('a command goes on: watchers see its lines as provisional, and then for good', async () => {
    const redis = await bed.startRedis({ appendOnly: true });
    const own = await bed.serveHere({
      REDIS_URL: redis.url,
      REDIS_COMMAND_TIMEOUT_MS: '500',
      COMMANDS_FILE: join(folder, 'commands.json'),
    });
    const client = bed.client(own);
    const json = { executor: 'command', task: 'through an outage', input: { command: 'ticks' } };
    const { id } = expectStatus(await client.request('POST', '/runs', { json }), 201).json<Run>();
    const watching = await client.watch(id);
    await watching.untilEvents(6);
    await redis.kill();
    const provisional = () =>
      watching.controls
        .filter(({ event }) => event === 'provisional')
        .map((frame) => ({ cursor: frame.id, event: JSON.parse(frame.data) as Record<string, unknown> }));
    await eventually('ten lines are provisional', () => provisional().length >= 10);
    const lastDurable = watching.events.at(-1)!.id;
    const held = provisional();
    for (const { cursor, event } of held) {
      expect(cursor).toBe(lastDurable);
      expect(event).toMatchObject({
        durable: false,
        run_id: id,
        event: { category: 'log', action: 'stdout' },
      });
      expect(event).not.toHaveProperty('id');
      expect(event).not.toHaveProperty('sequence');
    }
    await redis.restart();
    const keys = held.map(({ event }) => event['idempotency_key']);
    await eventually('they are stored', () =>
      keys.every((key) => watching.events.some((event) => event.idempotency_key === key)),
    );
    await client.request('POST', `/runs/${id}/cancel`);
    await watching.untilEnd();
    assertSequences(watching.events, 1, watching.events.length);
    const ticks = watching.events
      .map((event) => /^tick (\d+)$/.exec(String(event.data['line']))?.[1])
      .filter((tick) => tick !== undefined)
      .map(Number);
    expect(ticks).toEqual(ticks.map((_, i) => i + 1));
    expect(await client.history(id)).toEqual(watching.events);
  });
});
