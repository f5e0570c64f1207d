import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { lines } from '../conformance/client.js';
import { eventOf, numbered, numberedRange, terminal } from '../conformance/model.js';
import { assertSequences } from '../conformance/watcher.js';
import type { Child } from '../support/child.js';
import { RawWatcher } from '../support/raw-watcher.js';
import { report } from '../support/report-line.js';
import { startMain } from '../support/service.js';
import { TestBed } from '../support/test-bed.js';

const bed = new TestBed();

const NO_SUCH_RUN = 'r0_00000000000000000000000000';

afterAll(() => bed.close());

describe('SIGTERM with watchers connected', () => {
  it('T16 ends their streams in order, exits at once, and they go on at another instance', async () => {
    const [one, other] = await Promise.all([bed.startService(), bed.serveHere()]);
    try {
      const api = bed.client(one);
      const { id: runId } = await api.createRun();
      await api.append(runId, numberedRange(2, 50));
      const { id: quietRun } = await api.createRun();
      const watchers = await Promise.all([
        api.watch(runId),
        api.watch(runId, { query: { type: 'gate.*' } }),
        api.watch(quietRun),
      ]);
      await watchers[0].untilEvents(50);
      await watchers[2].untilEvents(1);
      const from = Date.now();
      const exit = one.stop();
      await Promise.all(watchers.map((watcher) => watcher.untilEnd()));
      expect(await exit).toBe(0);
      report(`T16: streams ended and process gone ${Date.now() - from} ms after SIGTERM`);
      expect(Date.now() - from).toBeLessThan(3000);
      for (const watcher of watchers) {
        expect(watcher.controls.map(({ event }) => event)).not.toContain('close');
      }
      // They are asked to come back, each at a time of its own.
      const waits = watchers.map(({ raw }) => Number(/retry: (\d+)\n$/.exec(raw)?.[1]));
      expect(new Set(waits).size).toBe(waits.length);
      for (const wait of waits) expect(wait).toBeGreaterThanOrEqual(1000);
      const elsewhere = bed.client(other);
      await elsewhere.append(runId, [numbered(51), terminal()]);
      const resumed = await elsewhere.watch(runId, { lastEventId: watchers[0].lastEventId });
      await resumed.untilEnd();
      assertSequences([...watchers[0].events, ...resumed.events], 1, 52);
    } finally {
      await Promise.all([one.stop(), other.stop()]);
    }
  });

  it('T16 ends the stream of one in the middle of a large replay in order too', async () => {
    const service = await bed.startService();
    const api = bed.client(service);
    const { id: runId } = await api.createRun();
    const big = { line: 'x'.repeat(900_000) };
    await api.appendLines(
      runId,
      Array.from({ length: 20 }, () => eventOf('log.stdout', big)),
    );
    const reading = await api.watch(runId);
    await reading.untilEvents(3);
    reading.pause();
    await delay(300);
    const exit = service.stop();
    await service.child.line(/SIGTERM: ending streams/);
    reading.resume();
    await reading.untilEnd();
    expect(await exit).toBe(0);
    expect(reading.events.length).toBeLessThan(21);
    expect(reading.controls).toEqual([]);
    assertSequences(reading.events, 1, reading.events.length);
  });

  it('T16 is not held up by a watcher that reads nothing, nor by idle connections', async () => {
    const service = await bed.startService();
    const api = bed.client(service);
    const { id: runId } = await api.createRun();
    await api.appendLines(
      runId,
      Array.from({ length: 20 }, () => eventOf('log.stdout', { line: 'x'.repeat(900_000) })),
    );
    const stalled = await RawWatcher.open(service.url, runId);
    const idle = await RawWatcher.open(service.url, NO_SUCH_RUN);
    await delay(500);
    const from = Date.now();
    expect(await service.stop()).toBe(0);
    report(`T16: process gone ${Date.now() - from} ms after SIGTERM, with a watcher that reads nothing`);
    expect(Date.now() - from).toBeLessThan(5000);
    for (const watcher of [stalled, idle]) watcher.destroy();
  });

  it('T16 tells an upload how far it came', async () => {
    const service = await bed.startService();
    const api = bed.client(service);
    const { id: runId } = await api.createRun();
    const upload = api.openUpload(runId);
    upload.request.write(lines(numberedRange(2, 20)));
    const watcher = await api.watch(runId);
    await watcher.untilEvents(20);
    const exit = service.stop();
    await watcher.untilEnd();
    upload.request.end(lines(numberedRange(21, 40)));
    // It is told how far it came, and goes on elsewhere.
    expect((await upload.response).statusCode).toBe(503);
    expect(await exit).toBe(0);
  });

  it('T16 cuts an upload that does not come to its end, and exits in order', async () => {
    // Past it, the process ends with 1. It leaves two seconds for what comes after the cut, also on a busy machine.
    const service = await bed.startService({ SHUTDOWN_TIMEOUT_MS: '5000' });
    const api = bed.client(service);
    const { id: runId } = await api.createRun();
    const upload = api.openUpload(runId);
    upload.request.write(lines(numberedRange(2, 20)));
    await (await api.watch(runId)).untilEvents(20);
    const from = Date.now();
    expect(await service.stop()).toBe(0);
    report(
      `T16: process gone ${Date.now() - from} ms after SIGTERM, with an upload that never ends (limit 5000)`,
    );
    upload.request.destroy();
  });
});

describe('Ctrl-C at the service with the embedded Redis', () => {
  let folder: string;
  let started: Child[];

  beforeAll(async () => {
    // A working folder of its own: the data of the checkout stays untouched.
    folder = await mkdtemp(join(tmpdir(), 'runstream-shutdown-'));
    await writeFile(
      join(folder, 'slow.sh'),
      '#!/bin/sh\ntrap "echo told; sleep 1; echo last words; exit 0" TERM\necho begun\nwhile :; do sleep 0.1; done\n',
    );
    await chmod(join(folder, 'slow.sh'), 0o755);
    await writeFile(
      join(folder, 'commands.json'),
      JSON.stringify({ slow: { argv: ['./slow.sh'], cwd: '.' } }),
    );
    started = [];
  });

  afterEach(() => {
    for (const child of started.splice(0)) if (child.process.exitCode === null) child.process.kill('SIGKILL');
  });

  afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }));

  async function start(): Promise<{ child: Child; url: string }> {
    const env: NodeJS.ProcessEnv = {
      ...process.env,
      PORT: '0',
      NODE_ENV: 'test',
      COMMANDS_FILE: 'commands.json',
    };
    delete env['REDIS_URL'];
    const child = startMain({ cwd: folder, env, group: true });
    started.push(child);
    const [url] = /http:\/\/[\d.]+:\d+/.exec(await child.line(/Serving on http/)) ?? [''];
    return { child, url };
  }

  it('T69 lets streams and executors finish, and tells an upload how far it came; Redis goes last, and nothing is lost', async () => {
    const first = await start();
    const api = bed.client(first);
    const { id: runId } = await api.createRun();
    const command = await api.createRun({ executor: 'command', input: { command: 'slow' } });
    const following = await api.watch(command.id);
    await following.until('its first line', () =>
      following.events.some(({ data }) => data['line'] === 'begun'),
    );
    const watcher = await api.watch(runId);
    const upload = api.openUpload(runId);
    for (let n = 2; n <= 10; n++) upload.request.write(lines([numbered(n)]));
    await watcher.untilEvents(10);

    process.kill(-first.child.pid, 'SIGINT'); // as a terminal does, to the whole group
    await first.child.line(/SIGINT: ending streams/);
    await watcher.untilEnd();
    upload.request.end(lines([numbered(11)]));
    expect((await upload.response).statusCode).toBe(503);
    expect(await first.child.exit()).toBe(0);
    expect(first.child.lines.join('\n')).not.toMatch(/Redis is away|embedded Redis ended|ERROR/);
    expect(await readdir(join(folder, '.data', 'redis'))).toContain('appendonlydir');

    const second = await start();
    const again = bed.client(second);
    assertSequences(await again.history(runId), 1, 10);
    const ended = await again.run(command.id);
    expect(ended.status).toBe('failed');
    const { events } = await again.page(command.id, { type: 'log.stdout' });
    expect(events.map(({ data }) => data['line'])).toEqual(['begun', 'told', 'last words']);
    process.kill(-second.child.pid, 'SIGINT');
    expect(await second.child.exit()).toBe(0);
  });
});
