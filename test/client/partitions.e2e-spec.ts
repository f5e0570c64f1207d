import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RunstreamClient, type RunEvent } from '../../packages/client/src/index.js';
import { cli } from '../cli/run-cli.js';
import type { Client } from '../conformance/client.js';
import { eventOf, JOURNAL_ID, partitionOf, type Run, terminal } from '../conformance/model.js';
import { report } from '../support/report-line.js';
import { SeededRandom, seedFromEnvironment } from '../support/seeded-random.js';
import type { Serving } from '../support/service.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { TestBed } from '../support/test-bed.js';
import { followed, range } from './following.js';

const PARTITIONS = 4;
const RUNS = 16;
const EVENTS = 40;
const CUTS = 30;

const bed = new TestBed();
const runs: Run[] = [];
let service: Serving;
let api: Client;
let client: RunstreamClient;

beforeAll(async () => {
  const { url } = await bed.startRedis();
  service = await bed.serveHere({ REDIS_URL: url, PARTITIONS: String(PARTITIONS), SSE_RETRY_MS: '1' });
  client = new RunstreamClient({ baseUrl: service.url });
  api = bed.client(service);
  for (let n = 0; n < RUNS; n++) runs.push(await api.createRun());
});
afterAll(() => bed.close());

const line = (n: number) => eventOf('log.stdout', { line: String(n) });

function sequencesByRun(events: readonly RunEvent[]): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const { run_id, sequence } of events) found.set(run_id, [...(found.get(run_id) ?? []), sequence]);
  return found;
}

/** Spread over the partitions by chance: sixteen runs lie in one once in a thousand million times. */
describe('A tenant with several partitions', () => {
  it('is followed as a whole, each event once and in order of its run, over a line that is cut', async () => {
    expect(new Set(runs.map(partitionOf)).size).toBeGreaterThan(1);
    const random = new SeededRandom(seedFromEnvironment());
    let cuts = 0;
    const proxy = await startTcpProxy(Number(new URL(service.url).port), () =>
      cuts < CUTS
        ? { afterBytes: random.integer(1, 20_000), onCut: () => cuts++, reset: random.next() < 0.5 }
        : undefined,
    );
    bed.onClose(() => proxy.close());
    const follow = new RunstreamClient({
      baseUrl: `http://127.0.0.1:${proxy.port}`,
      retryMs: 1,
    }).followAll();
    const cursors: string[] = [];
    const following = followed(follow, {
      onItem: ({ kind }) => kind === 'event' && cursors.push(follow.cursor ?? ''),
      until: ({ events }) => events.length >= RUNS * EVENTS,
    });
    for (let n = 2; n < EVENTS; n++) await Promise.all(runs.map(({ id }) => api.append(id, line(n))));
    await Promise.all(runs.map(({ id }) => api.append(id, terminal())));
    const { events, told } = await following;
    report(`followAll in ${PARTITIONS} partitions: SEED=${random.seed}, ${cuts} cuts`);
    expect(sequencesByRun(events)).toEqual(new Map(runs.map(({ id }) => [id, range(1, EVENTS)])));
    expect(cuts).toBeGreaterThan(CUTS / 2);
    expect(told).not.toContain('gap');
    for (const cursor of cursors) expect(cursor).toMatch(JOURNAL_ID);
    expect(cursors.at(-1)?.split('.')).toHaveLength(PARTITIONS);

    const middle = random.integer(1, cursors.length - 2);
    const rest = await followed(client.followAll({ after: cursors[middle] }), {
      until: (has) => has.events.length >= events.length - middle - 1,
    });
    const ids = (some: readonly RunEvent[]) => some.map(({ run_id, sequence }) => `${run_id} ${sequence}`);
    expect(ids(rest.events).sort()).toEqual(ids(events.slice(middle + 1)).sort());
  });

  it('has its runs in one list, newest first, in pages of any size', async () => {
    const newestFirst = runs.map(({ id }) => id).reverse();
    const listed: string[] = [];
    let cursor: string | null | undefined;
    do {
      const page = await client.runs.list({ limit: 3, ...(cursor && { cursor }) });
      listed.push(...page.runs.map(({ id }) => id));
      cursor = page.next_cursor;
    } while (cursor);
    expect(listed).toEqual(newestFirst);
  });

  it('is what `runstream` lists and follows', async () => {
    const env = { RUNSTREAM_URL: service.url };
    const json = async <T>(...args: string[]): Promise<T[]> =>
      (await cli([...args, '--json'], { env })).stdout
        .split('\n')
        .filter((text) => text !== '')
        .map((text) => JSON.parse(text) as T);
    const listed = await json<Run>('runs', '--limit', String(RUNS));
    expect(listed.map(({ id }) => id)).toEqual(runs.map(({ id }) => id).reverse());
    const latest = await json<RunEvent>('follow', '--latest');
    expect(sequencesByRun(latest)).toEqual(new Map([[runs.at(-1)?.id, range(1, EVENTS)]]));
    for (const partition of new Set(runs.map(partitionOf))) {
      const run = runs.find((one) => partitionOf(one) === partition);
      const events = await json<RunEvent>('events', run?.id ?? '', '--limit', '1000');
      expect(sequencesByRun(events)).toEqual(new Map([[run?.id, range(1, EVENTS)]]));
    }
  });
});
