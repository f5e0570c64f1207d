import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type TestKey, TestKeys } from '../access/keys.js';
import { eventually } from '../support/eventually.js';
import { serveHere, type Service, type Serving, startService } from '../support/service.js';
import { RawConnection, request } from './raw-connection.js';
import { untilNothingIsTaken, untilTaken } from './usage.js';

const TENANT = 'default';

let service: Serving;
let keys: TestKeys;
let key: TestKey;

beforeAll(async () => {
  [service, keys] = await Promise.all([
    serveHere({ AUTH_MODE: 'none', MAX_EVENT_LOOP_DELAY_MS: '0' }),
    TestKeys.open(),
  ]);
  key = await keys.create(TENANT);
});
afterAll(async () => {
  await Promise.all([service.stop(), keys.close()]);
});

const createRun = async (): Promise<string> => {
  const answer = await fetch(`${service.url}/runs`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: '{"task":"ends"}',
  });
  return ((await answer.json()) as { id: string }).id;
};

describe('What was taken for a request is given back, once, however it ends', () => {
  it('T100 when answers wait behind one another on a connection that nobody reads', async () => {
    const run = await createRun();
    for (let round = 0; round < 3; round++) {
      const connection = await RawConnection.open(service.url, { reads: false });
      connection.send(
        request(`GET /runs/${run}?wait_seconds=60`),
        ...Array.from({ length: 15 }, () => request('GET /docs-json')),
      );
      await untilTaken(service.url, 'public', 15);
      connection.end();
    }
    await untilNothingIsTaken(service.url);
  });

  it('T100 when requests with bodies are queued behind one that is held, and the connection is cut', async () => {
    const run = await createRun();
    const connection = await RawConnection.open(service.url);
    const event = '{"event":{"category":"llm","action":"stream"}}';
    connection.send(
      request(`GET /runs/${run}?wait_seconds=60`),
      ...Array.from({ length: 10 }, () =>
        request(`POST /runs/${run}/events`, { 'Content-Type': 'application/json' }, event),
      ),
    );
    await untilTaken(service.url, 'requests', 10);
    connection.end();
    await untilNothingIsTaken(service.url);
  });

  it('T100 when an event stream is queued, and when it is what the others wait for', async () => {
    const run = await createRun();
    for (const order of [
      ['/events/stream', '?wait_seconds=60'],
      ['?wait_seconds=60', '/events/stream'],
    ]) {
      const connection = await RawConnection.open(service.url);
      connection.send(...order.map((rest) => request(`GET /runs/${run}${rest}`)));
      await untilTaken(service.url, 'streams', 1);
      await untilTaken(service.url, 'waits', 1);
      connection.reset();
      await untilNothingIsTaken(service.url);
    }
  });

  it('T100 when the connection is reset in the same turn', async () => {
    for (let n = 0; n < 50; n++) {
      const connection = await RawConnection.open(service.url);
      connection.send(
        request('GET /runs'),
        request('POST /runs', { 'Content-Type': 'application/json' }, '{"task":"x"}'),
      );
      connection.reset();
    }
    await untilNothingIsTaken(service.url);
  });

  it('T101 cuts a connection that has more than 16 requests under way', async () => {
    const connection = await RawConnection.open(service.url, { reads: false });
    connection.send(...Array.from({ length: 800 }, () => request('GET /docs-json')));
    // Nothing is read, so only the server can end it.
    connection.socket.resume();
    await connection.closed;
    await untilNothingIsTaken(service.url);
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    expect(metrics).toMatch(/^runstream_refused_total\{bound="pipelined"\} [1-9]/m);
  });

  it('16 requests on one connection are answered in their order', async () => {
    const connection = await RawConnection.open(service.url);
    connection.send(
      ...Array.from({ length: 16 }, (_, n) => request('GET /health/live', { 'X-Request-Id': `number-${n}` })),
    );
    await eventually('all are answered', () => connection.received.includes('number-15'));
    const ids = [...connection.received.matchAll(/X-Request-Id: number-(\d+)/g)].map(([, n]) => Number(n));
    expect(ids).toEqual(Array.from({ length: 16 }, (_, n) => n));
    connection.end();
  });
});

describe('Every administrative call is in the audit log', () => {
  let admin: Service;
  beforeAll(async () => {
    admin = await startService({ AUTH_MODE: 'api-key', MAX_EVENT_LOOP_DELAY_MS: '0' });
  });
  afterAll(() => admin.stop());

  /** What the log says of calls of a path. */
  const audited = (path: string) =>
    admin.child.lines.flatMap((line) => {
      const json = /\{"action":.*\}/.exec(line)?.[0];
      const entry =
        json === undefined ? undefined : (JSON.parse(json) as { action: string; outcome: string });
      return entry?.action === `DELETE ${path}` ? [entry.outcome] : [];
    });

  it('T102 whatever its caller does: waits, is queued behind others, hangs up, resets', async () => {
    const { headers } = key;
    const left: string[] = [];
    for (const leave of ['reads', 'ends', 'resets'] as const) {
      for (const queued of [0, 3]) {
        const { id } = await keys.create(TENANT);
        const connection = await RawConnection.open(admin.url);
        connection.send(
          ...Array.from({ length: queued }, () => request('GET /runs?limit=1', headers)),
          request(`DELETE /keys/${id}`, headers),
        );
        if (leave === 'ends') connection.end();
        if (leave === 'resets') connection.reset();
        // One that was reset may never have reached the service; then there is nothing to be told.
        if (leave === 'reads') {
          await eventually('it is in the log', () => audited(`/keys/${id}`).length === 1);
          expect(audited(`/keys/${id}`)).toEqual(['done']);
        } else {
          left.push(id);
        }
        connection.end();
      }
    }
    // By now whatever came of the calls whose callers left has come of them: all that was done is there, once.
    await eventually('what was done is in the log', async () => {
      const list = await fetch(`${admin.url}/keys?limit=1000`, { headers });
      const { keys: all } = (await list.json()) as { keys: { id: string; revoked_at: string | null }[] };
      const done = left.filter((id) => all.find((one) => one.id === id)?.revoked_at !== null);
      return done.every((id) => audited(`/keys/${id}`).length === 1);
    });
  });
});
