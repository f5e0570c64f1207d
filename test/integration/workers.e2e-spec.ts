import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { Client } from '../conformance/client.js';
import { numbered, numberedRange, terminal } from '../conformance/model.js';
import { assertSequences, type Watcher } from '../conformance/watcher.js';
import { eventually } from '../support/eventually.js';
import { testRedisUrl } from '../support/redis.js';
import { type Service, startMain } from '../support/service.js';
import { TestBed } from '../support/test-bed.js';

const bed = new TestBed();
const WORKERS = 2;

describe('Several workers behind one port', () => {
  let service: Service;
  let api: Client;

  beforeAll(async () => {
    service = await bed.startService({ WORKERS: String(WORKERS) });
    api = bed.client(service);
    await eventually('all of them serve', () => pids().length === WORKERS);
  });
  afterAll(() => bed.close());

  const pids = (): number[] =>
    service.child.lines.flatMap((line) => {
      const pid = /\[Nest\] (\d+) .*Serving on/.exec(line)?.[1];
      return pid === undefined ? [] : [Number(pid)];
    });
  const metric = async (name: string): Promise<number> => {
    const text = await (await fetch(`${service.url}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\d+)`, 'm').exec(text)?.[1]);
  };
  const watchers = async (id: string): Promise<Watcher[]> =>
    Promise.all(Array.from({ length: 10 }, () => api.watch(id)));

  it('share the watchers of a run, and one tells the metrics of all', async () => {
    const { id } = await api.createRun();
    const watching = await watchers(id);
    await api.append(id, numberedRange(2, 20));
    for (const watcher of watching) assertSequences(await watcher.untilEvents(20), 1, 20);
    for (let n = 0; n < 4; n++) expect(await metric('runstream_open_streams')).toBe(10);
    await api.append(id, terminal());
    await Promise.all(watching.map((watcher) => watcher.untilEnd()));
  });

  it('one that is killed is started again; its watchers go on at another', async () => {
    const { id } = await api.createRun();
    const watching = await watchers(id);
    await Promise.all(watching.map((watcher) => watcher.untilEvents(1)));
    const [victim] = pids();
    process.kill(victim!, 'SIGKILL');
    await eventually('another has taken its place', () => pids().length === WORKERS + 1);
    await api.append(id, [numbered(2), terminal()]);
    const ends = watching.map(async (watcher) => {
      await watcher.untilEnd().catch(() => undefined);
      if (watcher.controls.some(({ event }) => event === 'close')) return watcher.events;
      const rest = await (await api.watch(id, { lastEventId: watcher.lastEventId })).untilEnd();
      return [...watcher.events, ...rest.events];
    });
    for (const events of await Promise.all(ends)) assertSequences(events, 1, 3);
  });

  it('stop in order, all of them', async () => {
    const { id } = await api.createRun();
    const [watching] = await watchers(id);
    const stopped = service.stop();
    await watching!.untilEnd();
    expect(await stopped).toBe(0);
    for (const pid of pids()) expect(() => process.kill(pid, 0)).toThrow();
  });
});

describe('Several workers that cannot be started', () => {
  const startOn = (port: number, more: NodeJS.ProcessEnv = {}) =>
    startMain({
      env: {
        ...process.env,
        NODE_ENV: 'test',
        HOST: '127.0.0.1',
        PORT: String(port),
        REDIS_URL: testRedisUrl(),
        WORKERS: String(WORKERS),
        ...more,
      },
    });

  it('T97 the start ends, with the reason, when the port is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    // A port of the metrics that is free is no sign that the service serves.
    const supervisor = startOn(port, { METRICS_PORT: '0' });
    try {
      expect(await supervisor.exit()).toBe(1);
    } finally {
      supervisor.process.kill('SIGKILL');
      taken.close();
    }
    const said = supervisor.lines.join('\n');
    expect(said).toMatch(/EADDRINUSE.* 127\.0\.0\.1/);
    expect(said).toMatch(/has ended \(1\) before it served/);
    expect(said).not.toContain('starting another');
  });
});
