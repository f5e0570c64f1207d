import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { LiveFeed } from '../../src/event-store/index.js';
import { EventStreams } from '../../src/runs/sse/event-streams.js';
import type { Client } from '../conformance/client.js';
import { eventOf, type EventInput } from '../conformance/model.js';
import { assertSequences } from '../conformance/watcher.js';
import type { TestApplication } from '../support/application.js';
import { eventually } from '../support/eventually.js';
import { RawWatcher } from '../support/raw-watcher.js';
import { report } from '../support/report-line.js';
import type { Service } from '../support/service.js';
import { TestBed } from '../support/test-bed.js';

const bed = new TestBed();

const MIB = 1024 * 1024;
const STALLED_MS = 1500;

let watchers: RawWatcher[];

/** Events of about `bytes` each, every one of them different. */
function large(count: number, bytes: number): (EventInput & { data: { line: string } })[] {
  return Array.from({ length: count }, (_, n) => {
    const data = { line: `${n} `.repeat(Math.ceil(bytes / `${n} `.length)) };
    return { ...eventOf('log.stdout'), data };
  });
}

async function runOf(api: Client, events: EventInput[]): Promise<string> {
  const { id } = await api.createRun();
  await api.appendLines(id, events);
  return id;
}

async function openRaw(url: string, runId: string): Promise<RawWatcher> {
  const watcher = await RawWatcher.open(url, runId);
  watchers.push(watcher);
  return watcher;
}

function residentBytes(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) * 1024;
}

beforeAll(() => {
  watchers = [];
});

afterEach(() => {
  for (const watcher of watchers.splice(0)) watcher.destroy();
});

afterAll(() => bed.close());

describe('Slow watchers of a service', () => {
  let service: Service;
  let api: Client;

  beforeAll(async () => {
    // On a busy machine this much at once takes its time, and time is not what is tested.
    service = await bed.startService({ REDIS_COMMAND_TIMEOUT_MS: '15000' });
    api = bed.client(service);
  });

  it.each([
    ['8 events of 1 MB', 8, 1_000_000],
    ['4000 events of 2.2 kB', 4000, 2200],
  ])('T12 a replay of 8 MB to a client that reads arrives whole: %s', async (_, count, bytes) => {
    const events = large(count, bytes);
    const runId = await runOf(api, events);
    const watcher = await api.watch(runId);
    const seen = await watcher.untilEvents(count + 1);
    assertSequences(seen, 1, count + 1);
    expect(seen.slice(1).every(({ data }, n) => data['line'] === events[n]?.data.line)).toBe(true);
    expect(Buffer.byteLength(watcher.raw)).toBeGreaterThan(7 * MIB);
    watcher.cut();
  });

  it('T13 watchers that read nothing cost a bounded amount of memory, in the replay and live', async () => {
    const events = large(20, 1_000_000);
    const runId = await runOf(api, events);
    const before = residentBytes(service.child.pid);
    for (let n = 0; n < 30; n++) await openRaw(service.url, runId);
    const reading = await api.watch(runId);
    await reading.untilEvents(21);
    await api.appendLines(runId, large(10, 1_000_000));
    assertSequences(await reading.untilEvents(31), 1, 31);
    reading.cut();
    const grown = (residentBytes(service.child.pid) - before) / MIB;
    report(`T13: 30 watchers that read nothing of 30 MB each: ${Math.round(grown)} MiB more in the service`);
    // Without a bound it would be 900.
    expect(grown).toBeLessThan(250);
  });

  it('T13 a watcher that reads 1 KiB/s for a while, then what it can, loses nothing', async () => {
    const runId = await runOf(api, large(400, 40_000));
    const slow = await openRaw(service.url, runId);
    for (let second = 0; second < 4; second++) {
      await slow.read(1024);
      await delay(1000);
      await api.append(runId, eventOf('log.stdout', { second }));
    }
    expect(slow.received).toBeLessThanOrEqual(4096);
    await api.append(runId, eventOf('lifecycle.completed'));
    while (slow.frames.at(-1)?.event !== 'close') expect(await slow.read(MIB)).toBe(true);
    assertSequences(slow.events, 1, 406);
  });
});

describe('Slow watchers, with a time limit for those that read nothing', () => {
  let service: TestApplication;
  let api: Client;
  let streams: EventStreams;
  let feeds: LiveFeed;
  let runId: string;

  beforeAll(async () => {
    service = await bed.startApplication({ runs: { stalledMs: STALLED_MS }, events: { heartbeatMs: 200 } });
    api = bed.client(service);
    streams = service.app.get(EventStreams, { strict: false });
    feeds = service.app.get(LiveFeed, { strict: false });
    // More than the sockets' own buffers hold, on either side.
    runId = await runOf(api, large(20, 1_000_000));
  });

  afterEach(async () => {
    for (const watcher of watchers) watcher.destroy();
    await eventually('all streams are closed', () => streams.count === 0);
  });

  /** The feed of one that was cut is given up a moment later. */
  const nothingIsWatched = () =>
    eventually('no feed and no watcher is left', () => {
      const { feeds: left, watchers: watching } = feeds.statistics;
      return left + watching === 0;
    });

  it('T13 T14 one that stops reading is left alone for a while, and cut after the time limit', async () => {
    const stalled = await openRaw(service.url, runId);
    await eventually('it is served', () => streams.count === 1);
    const from = Date.now();
    await delay(STALLED_MS * 0.8);
    expect(streams.count).toBe(1);
    await eventually('it is cut', () => streams.count === 0, 10_000);
    const after = Date.now() - from;
    report(`T13: a watcher that reads nothing is cut after ${after} ms (limit ${STALLED_MS})`);
    expect(after).toBeGreaterThanOrEqual(STALLED_MS);
    await nothingIsWatched();
    stalled.destroy();
  });

  it('T13 one that is half gone is cut as well', async () => {
    const halfOpen = await openRaw(service.url, runId);
    await eventually('it is served', () => streams.count === 1);
    halfOpen.socket.end();
    await eventually('it is cut', () => streams.count === 0, 10_000);
    await nothingIsWatched();
  });

  it('T14 one that pauses for less than the time limit is not cut', async () => {
    const pausing = await openRaw(service.url, runId);
    for (let pause = 0; pause < 3; pause++) {
      await delay(STALLED_MS * 0.6);
      for (let n = 0; n < 20; n++) await pausing.read(MIB / 4);
    }
    while (pausing.frames.length < 21) expect(await pausing.read(MIB)).toBe(true);
    assertSequences(pausing.events, 1, 21);
  });

  it('T14 one that reads slowly all the time is not cut, however long it takes', async () => {
    const slow = await openRaw(service.url, runId);
    const from = Date.now();
    // 20 ms a piece; for the kernel's sake not too small: it tells of free space in steps of its own.
    while (Date.now() - from < 3 * STALLED_MS) {
      expect(await slow.read(48 * 1024)).toBe(true);
      await delay(20);
    }
    const { received } = slow;
    while (slow.frames.length < 21) expect(await slow.read(MIB)).toBe(true);
    assertSequences(slow.events, 1, 21);
    report(`T14: ${Math.round(received / 1024)} KiB read in ${3 * STALLED_MS} ms without being cut`);
  });

  it('T14 one that reads is not cut in a quiet run, though heartbeats are rarer than the time limit', async () => {
    const quiet = await bed.startApplication({ runs: { stalledMs: 300 }, events: { heartbeatMs: 60_000 } });
    try {
      const { id } = await bed.client(quiet).createRun();
      const watcher = await bed.client(quiet).watch(id);
      await watcher.untilEvents(1);
      await delay(1500);
      await api.append(id, eventOf('lifecycle.completed'));
      await watcher.untilEnd();
      assertSequences(watcher.events, 1, 2);
    } finally {
      await quiet.close();
    }
  });
});

describe('Watchers with a buffer smaller than the socket’s own', () => {
  it('T14 are served on, whatever the size of what is written', async () => {
    const service = await bed.startApplication({
      runs: { watcherBufferBytes: 1024 },
      events: { watcherPageBytes: 1024 },
    });
    try {
      const api = bed.client(service);
      const runId = await runOf(api, large(300, 1500));
      const watcher = await api.watch(runId);
      await watcher.untilEvents(301);
      for (let n = 0; n < 20; n++) await api.append(runId, large(3, 1500));
      assertSequences(await watcher.untilEvents(361), 1, 361);
      watcher.cut();
    } finally {
      await service.close();
    }
  });
});
