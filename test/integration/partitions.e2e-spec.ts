import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request, type ClientRequest } from 'node:http';
import { Client, expectStatus } from '../conformance/client.js';
import { eventOf, type JournalPage, type Run, type RecordedEvent } from '../conformance/model.js';
import { SseParser } from '../conformance/sse-parser.js';
import { startScript } from '../support/child.js';
import { eventually } from '../support/eventually.js';
import { type RedisServer, startRedis } from '../support/redis.js';
import { type Service, startService } from '../support/service.js';

const PRODUCERS = 6;
/** Of a producer before, while and after the number is raised, at least. */
const RUNS_EACH = 8;
const EVENTS_EACH = 4;
/** So many frames of a connection, and it is cut. */
const CUT_AFTER = [1, 2, 5, 23, 60];

/** Follows all runs over connections that break again and again, now with one process and now with the other. */
class CutFollower {
  readonly events: RecordedEvent[] = [];
  readonly cursors: string[] = [];
  private cursor = '';
  private cuts = 0;
  private outgoing: ClientRequest | undefined;
  private isStopped = false;

  constructor(private readonly urls: readonly string[]) {
    this.connect();
  }

  stop(): void {
    this.isStopped = true;
    this.outgoing?.destroy();
  }

  private connect(): void {
    if (this.isStopped) return;
    let left = CUT_AFTER[this.cuts % CUT_AFTER.length]!;
    const url = `${this.urls[this.cuts++ % this.urls.length]!}/events/stream`;
    const headers = { accept: 'text/event-stream', ...(this.cursor && { 'last-event-id': this.cursor }) };
    const outgoing = request(url, { agent: false, headers });
    this.outgoing = outgoing;
    const parser = new SseParser((item) => {
      if (item.kind !== 'frame' || left <= 0) return;
      this.cursor = item.lastEventId;
      if (item.event === 'gap') throw new Error(`gap: ${item.data}`);
      if (item.event !== 'cursor') {
        this.events.push(JSON.parse(item.data) as RecordedEvent);
        this.cursors.push(item.lastEventId);
      }
      if (--left <= 0) outgoing.destroy();
    });
    outgoing.once('response', (response) => {
      response.on('data', (chunk: Buffer) => {
        parser.push(chunk);
      });
    });
    outgoing.on('error', () => undefined);
    outgoing.once('close', () => {
      this.connect();
    });
    outgoing.end();
  }
}

describe('The number of partitions, raised under load', () => {
  let redis: RedisServer;
  let services: Service[];
  let clients: Client[];
  const end = new AbortController();

  beforeAll(async () => {
    redis = await startRedis();
    const env = { REDIS_URL: redis.url, SSE_HEARTBEAT_MS: '300' };
    services = await Promise.all([startService(env), startService(env)]);
    clients = services.map(({ url }) => new Client({ url }, end.signal));
  });
  afterAll(async () => {
    end.abort(new Error('the tests have ended'));
    await Promise.all(services.map((service) => service.stop()));
    await redis.stop();
  });

  const partitions = async (...args: string[]): Promise<string> => {
    const child = startScript('src/partitions-cli.ts', args, {
      env: { ...process.env, NODE_ENV: 'test', REDIS_URL: redis.url },
    });
    const code = await child.exit();
    return `${code}: ${child.lines.join('\n')}`;
  };

  /** Starts a run as one that had no answer does: twice, at both processes. Its id. */
  const startRun = async (name: string): Promise<string> => {
    const ask = (client: Client) =>
      client.request('POST', '/runs', { json: { task: name }, headers: { 'idempotency-key': name } });
    const replies = await Promise.all(clients.map(ask));
    const ids = new Set(replies.map((reply) => expectStatus(reply, 201).json<Run>().id));
    expect(ids.size).toBe(1);
    return [...ids][0]!;
  };

  it('T289 no run is made twice, the stream of all runs is exact, and cursors from before are good', async () => {
    const follower = new CutFollower(services.map(({ url }) => url));
    const runs = new Map<string, string>();
    const spread = new Set<string>();
    const produce = async (producer: number): Promise<void> => {
      for (let n = 0, after = 0; after < RUNS_EACH; n++) {
        // Processes hear of it within a second.
        if (spread.size === 4) after++;
        const name = `run ${producer} ${n}`;
        const id = await startRun(name);
        runs.set(name, id);
        spread.add(id.slice(0, 3));
        for (let event = 0; event < EVENTS_EACH; event++)
          expectStatus(await clients[event % 2]!.post(id, eventOf('log.stdout', { line: `${event}` })), 201);
      }
    };
    const producing = Promise.all(Array.from({ length: PRODUCERS }, (_, producer) => produce(producer)));
    await eventually('there are runs, and some of them are seen', () => follower.events.length > 100);
    const before = new Map(runs);
    const old = follower.cursors[10]!;
    expect(await partitions('raise', '4')).toBe('0: 4 partitions, read by 2 processes');
    await producing;
    // Each request once more: those of before are answered with the run of before.
    for (const [name, id] of runs) expect(await startRun(name)).toBe(id);
    expect(await partitions('show')).toBe('0: 4');
    expect(await partitions('raise', '2')).toMatch(/^1: .*never lowered/);

    const ids = [...runs.values()];
    expect(new Set(ids).size).toBe(ids.length);
    expect([...before.values()].every((id) => id.startsWith('r0_'))).toBe(true);
    const each = 1 + EVENTS_EACH;
    await eventually('all is seen', () => follower.events.length >= ids.length * each);
    follower.stop();
    // Each run's events in order and once, over all cuts; and there are no other runs.
    const seen = new Map<string, number[]>();
    for (const { run_id, sequence } of follower.events)
      seen.set(run_id, [...(seen.get(run_id) ?? []), sequence]);
    expect(new Set(seen.keys())).toEqual(new Set(ids));
    for (const sequences of seen.values()) expect(sequences).toEqual([1, 2, 3, 4, 5]);

    // A cursor from before the raise: all that came after it.
    const late = await clients[0]!.watchAll({ lastEventId: old });
    const rest = await late.untilEvents(follower.events.length - 11);
    late.cut();
    const keyOf = ({ run_id, sequence }: RecordedEvent): string => `${run_id} ${sequence}`;
    expect(rest.map(keyOf).sort()).toEqual(follower.events.slice(11).map(keyOf).sort());

    for (const order of ['asc', 'desc'] as const) {
      const paged = await allPages(clients[1]!, order);
      expect(paged.map(keyOf).sort()).toEqual(follower.events.map(keyOf).sort());
    }
  }, 120_000);

  it('goes on live behind the newest page', async () => {
    const [client] = clients as [Client];
    const { last_event_id } = expectStatus(
      await client.get('/events', { order: 'desc', limit: 3 }),
      200,
    ).json<JournalPage>();
    expect(last_event_id?.split('.')).toHaveLength(4);
    const watcher = await client.watchAll({ query: { last_event_id: last_event_id! } });
    const run = await client.createRun();
    expect((await watcher.untilEvents(1)).map(({ run_id }) => run_id)).toEqual([run.id]);
    watcher.cut();
  });
});

async function allPages(client: Client, order: 'asc' | 'desc'): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  let at: string | null = order === 'asc' ? '-' : '+';
  while (at !== null) {
    const query = { order, limit: 37, [order === 'asc' ? 'start_id' : 'end_id']: at };
    const page: JournalPage = expectStatus(await client.get('/events', query), 200).json<JournalPage>();
    events.push(...page.events);
    at = page.next_id;
  }
  return events;
}
