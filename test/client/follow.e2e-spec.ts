import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type FollowItem, RunstreamClient, RunstreamClientError } from '../../packages/client/src/index.js';
import type { Client } from '../conformance/client.js';
import { numbered, numberedRange, terminal } from '../conformance/model.js';
import { TestKeys } from '../access/keys.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/redis.js';
import { report } from '../support/report-line.js';
import { SeededRandom, seedFromEnvironment } from '../support/seeded-random.js';
import type { Serving } from '../support/service.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { TestBed } from '../support/test-bed.js';
import { followed, range } from './following.js';

const EVENTS = 5000;
const CUTS = 50;

const bed = new TestBed();
let service: Serving;
let api: Client;

beforeAll(async () => {
  service = await bed.serveHere({ SSE_RETRY_MS: '1', EVENT_MAX_LENGTH: '6000' });
  api = bed.client(service);
});
afterAll(() => bed.close());

const client = (url = service.url) => new RunstreamClient({ baseUrl: url, retryMs: 1 });
const portOf = ({ url }: Serving) => Number(new URL(url).port);

/** A run of so many events, the first and the last included. */
async function finishedRun(count: number): Promise<string> {
  const { id } = await api.createRun();
  for (let from = 2; from < count; from += 1000) {
    await api.append(id, numberedRange(from, Math.min(from + 999, count - 1)));
  }
  await api.append(id, terminal());
  return id;
}

describe('follow()', () => {
  it.each(['stream', 'pages'] as const)(
    `has each of ${EVENTS} events once and in order, over a line that is cut ${CUTS} times, with catchUp: %s`,
    async (catchUp) => {
      const random = new SeededRandom(seedFromEnvironment());
      const runId = await finishedRun(EVENTS);
      let cuts = 0;
      const proxy = await startTcpProxy(portOf(service), () =>
        cuts >= CUTS
          ? undefined
          : {
              afterBytes: random.integer(1, catchUp === 'pages' ? 200_000 : 30_000),
              onCut: () => cuts++,
              reset: random.next() < 0.5,
            },
      );
      bed.onClose(() => proxy.close());
      const { sequences, told, items } = await followed(
        client(`http://127.0.0.1:${proxy.port}`).follow(runId, { catchUp }),
      );
      report(`follow, ${catchUp}: SEED=${random.seed}, ${cuts} cuts`);
      expect(sequences).toEqual(range(1, EVENTS));
      expect(cuts).toBeGreaterThan(catchUp === 'pages' ? 5 : CUTS / 2);
      expect(told.filter((one) => one === 'waiting').length).toBeGreaterThan(0);
      expect(items.at(-1)).toEqual({ kind: 'end', reason: 'ended', status: 'completed' });
    },
  );

  it.each(['stream', 'pages'] as const)(
    'tells of what is no longer kept, with catchUp: %s',
    async (catchUp) => {
      const trimming = await bed.serveHere({ EVENT_MAX_LENGTH: '100' });
      const trimmed = bed.client(trimming);
      const { id: runId } = await trimmed.createRun();
      await trimmed.append(runId, numberedRange(2, 900));
      await trimmed.append(runId, [...numberedRange(901, 999), terminal()]);
      const { items, sequences, told } = await followed(client(trimming.url).follow(runId, { catchUp }));
      const [first = 0] = sequences;
      expect(first).toBeGreaterThan(1);
      expect(sequences).toEqual(range(first, 1000));
      const gap = items.find((item) => item.kind === 'gap');
      expect(gap?.gap).toMatchObject({ reason: 'trimmed', after_id: null, missed: first - 1 });
      expect(told).toEqual(
        catchUp === 'pages' ? ['paging', 'gap', 'paging', 'end'] : ['streaming', 'gap', 'end'],
      );
    },
  );

  it.each(['stream', 'pages'] as const)(
    'says that it holds what is not of this log, with catchUp: %s',
    async (catchUp) => {
      const runId = await finishedRun(10);
      const other = await finishedRun(20);
      const { id = '' } = (await api.history(other)).at(-3) ?? {};
      const { told, sequences } = await followed(client().follow(runId, { after: id, catchUp }));
      expect(told.filter((one) => one !== 'paging' && one !== 'streaming')).toEqual(['gap', 'end']);
      expect(sequences).toEqual(range(1, 10));
    },
  );

  it('goes on live after pages, and from where a loop was left', async () => {
    const { id: runId } = await api.createRun();
    await api.append(runId, numberedRange(2, 700));
    const follow = client().follow(runId, { catchUp: 'pages' });
    expect(follow.cursor).toBeUndefined();
    const { sequences, events } = await followed(follow, { until: (has) => has.sequences.length === 650 });
    expect(follow.cursor).toBe(events.at(-1)?.id);
    let appended = false;
    const rest = await followed(follow, {
      onItem: async (item) => {
        if (item.kind !== 'state' || item.state !== 'streaming' || appended) return;
        appended = true;
        await api.append(runId, [...numberedRange(701, 710), terminal()]);
      },
    });
    expect([...sequences, ...rest.sequences]).toEqual(range(1, 711));
    expect(rest.told).toEqual(['paging', 'streaming', 'end']);
  });

  it('says of a run whose end it has that it has ended, and nothing else', async () => {
    const runId = await finishedRun(3);
    const after = (await api.history(runId)).at(-1)?.id;
    for (const catchUp of ['stream', 'pages'] as const) {
      const { items, told } = await followed(client().follow(runId, { after, catchUp }));
      expect(items.at(-1)).toEqual({ kind: 'end', reason: 'ended', status: undefined });
      expect(told.filter((one) => one !== 'paging')).toEqual(['end']);
    }
  });

  it('says that its run was deleted, and of an unknown one that it is unknown', async () => {
    const { id: runId } = await api.createRun();
    const deleted = await followed(client().follow(runId), {
      onItem: (item) => item.kind === 'event' && client().runs.delete(runId),
    });
    expect(deleted.items.at(-1)).toEqual({ kind: 'end', reason: 'deleted', status: undefined });
    for (const catchUp of ['stream', 'pages'] as const) {
      const error = await followed(client().follow(runId, { catchUp })).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(RunstreamClientError);
      expect(error).toMatchObject({ code: 'RUN_NOT_FOUND', status: 404 });
    }
  });

  it('begins with what comes from now on, and shows the types that are wanted', async () => {
    const { id: runId } = await api.createRun();
    await api.append(runId, numbered(2));
    const follow = client().follow(runId, { from: 'tail', types: ['llm.*'], catchUp: 'pages' });
    const line = { event: { category: 'log', action: 'stdout' }, data: {} };
    const appended = eventually('it knows where it is', () => follow.cursor !== undefined).then(() =>
      api.append(runId, [line, numbered(4), line, numbered(6), terminal()]),
    );
    const { sequences, told } = await followed(follow);
    await appended;
    expect(sequences).toEqual([4, 6]);
    expect(told).toEqual(['streaming', 'end']);
  });

  it('throws what its signal says', async () => {
    const { id: runId } = await api.createRun();
    const [end, reason] = [new AbortController(), new Error('enough')];
    const error = await followed(client().follow(runId, { signal: end.signal }), {
      onItem: ({ kind }) => kind === 'event' && setImmediate(() => end.abort(reason)),
    }).catch((thrown: unknown) => thrown);
    expect(error).toBe(reason);
  });

  it('asks for other headers when those that it has are refused in the middle', async () => {
    const keys = await TestKeys.open();
    bed.onClose(() => keys.close());
    const guarded = await bed.serveHere({ AUTH_MODE: 'api-key', SSE_RETRY_MS: '1' });
    const [first, second] = [await keys.create('default'), await keys.create('default')];
    const good = new RunstreamClient({ baseUrl: guarded.url, headers: second.headers });
    const { id: runId } = await good.runs.create({ task: 'long' });
    const given = [first, second];
    let asked = 0;
    const following = new RunstreamClient({
      baseUrl: guarded.url,
      headers: () => Promise.resolve(given[asked++]?.headers ?? {}),
    });
    const stream = { category: 'llm', action: 'stream' };
    const { sequences, told } = await followed(following.follow(runId), {
      onItem: async (item) => {
        if (item.kind === 'event' && item.event.sequence === 1) {
          await good.runs.append(runId, [{ event: stream }, { event: stream }]);
        }
        if (item.kind === 'event' && item.event.sequence === 3) await keys.revoke('default', first.id);
        if (item.kind === 'state' && item.state === 'waiting') {
          await good.runs.append(runId, [
            { event: stream },
            { event: { category: 'lifecycle', action: 'completed' } },
          ]);
        }
      },
    });
    expect(sequences).toEqual(range(1, 5));
    expect(told).toEqual(['streaming', 'waiting', 'streaming', 'end']);
    expect(asked).toBe(2);
  });

  it('notices a dead line by its silence, and takes no quiet one for dead', async () => {
    const beating = await bed.serveHere({ SSE_RETRY_MS: '1', SSE_HEARTBEAT_MS: '100' });
    const proxy = await startTcpProxy(portOf(beating));
    bed.onClose(() => proxy.close());
    const { id: runId } = await api.createRun();
    const following = new RunstreamClient({ baseUrl: `http://127.0.0.1:${proxy.port}`, heartbeatMs: 1000 });
    const waits: FollowItem[] = [];
    const begun = performance.now();
    const { sequences } = await followed(following.follow(runId), {
      onItem: async (item) => {
        if (item.kind === 'event' && item.event.sequence === 1) {
          // Longer than it would wait on a dead line.
          setTimeout(() => {
            proxy.halfOpen('to-client');
            void api.append(runId, [numbered(2), terminal()]).then(() => proxy.halfOpen(false));
          }, 4000);
        }
        if (item.kind === 'state' && item.state === 'waiting') waits.push(item);
      },
    });
    expect(sequences).toEqual(range(1, 3));
    expect(waits).toMatchObject([{ cause: { code: 'SILENT' } }]);
    expect(performance.now() - begun).toBeGreaterThan(6900);
  });

  it('outlives a service that is killed', async () => {
    const port = String(await freePort());
    const start = () => bed.startService({ PORT: port, SSE_RETRY_MS: '20' });
    let killed = await start();
    const { id: runId } = await api.createRun();
    const { sequences, told } = await followed(client(killed.url).follow(runId), {
      onItem: async (item) => {
        if (item.kind !== 'event' || ![1, 4, 7].includes(item.event.sequence)) return;
        killed.child.process.kill('SIGKILL');
        await killed.child.exit();
        await api.append(runId, item.event.sequence === 7 ? terminal() : numberedRange(1, 3));
        killed = await start();
      },
    });
    expect(sequences).toEqual(range(1, 8));
    expect(told.filter((one) => one === 'waiting').length).toBeGreaterThanOrEqual(3);
    expect(told.at(-1)).toBe('end');
  });
});

describe('followAll()', () => {
  it('has the events of all runs, or of some, and goes on at its own cursor', async () => {
    const [one, two] = [await api.createRun(), await api.createRun()];
    const follow = client().followAll({ runIds: [two.id], types: ['log.*', 'lifecycle.*'] });
    const line = { event: { category: 'log', action: 'stdout' }, data: {} };
    await api.append(one.id, [line, line]);
    await api.append(two.id, [line, line]);
    const { events } = await followed(follow, { until: (has) => has.events.length === 2 });
    expect(events.map(({ run_id, sequence }) => [run_id, sequence])).toEqual([
      [two.id, 1],
      [two.id, 2],
    ]);
    const after = follow.cursor;
    await api.append(one.id, terminal());
    await api.append(two.id, terminal());
    const rest = await followed(client().followAll({ after }), {
      until: (has) => has.events.filter(({ event }) => event.action === 'completed').length === 2,
    });
    const ofThese = rest.events.filter(({ run_id }) => [one.id, two.id].includes(run_id));
    expect(ofThese.map(({ run_id, sequence }) => [run_id, sequence])).toEqual([
      [two.id, 3],
      [one.id, 4],
      [two.id, 4],
    ]);
    expect(rest.told).toEqual(['streaming']);
  });
});
