import { afterEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type ClientOptions,
  RunstreamClient,
  RunstreamClientError,
} from '../../packages/client/src/index.js';
import { followed } from './following.js';
import * as lying from './lying-server.js';

const servers: lying.LyingServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function against(answering: lying.Answering, options: Partial<ClientOptions> = {}) {
  const server = await lying.startLyingServer(answering);
  servers.push(server);
  return { server, client: new RunstreamClient({ baseUrl: server.url, retryMs: 1, ...options }) };
}

/** What Chromium makes of answers over HTTP that end within their heads: first these, then what is answered. */
function cutInHead(heads: Record<string, string>[]): typeof fetch {
  return (...request) => {
    const headers = heads.shift();
    return headers ? Promise.resolve(new Response(null, { headers })) : fetch(...request);
  };
}

const failure = (promise: Promise<unknown>): Promise<RunstreamClientError> =>
  promise.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: unknown) => error as RunstreamClientError,
  );

describe('follow(), told lies', () => {
  it('throws on a hole that no gap explained', async () => {
    const { client } = await against((response) => {
      lying.stream(response, [lying.frame(1), lying.frame(3)]);
    });
    const error = await failure(followed(client.follow('r')));
    expect(error).toBeInstanceOf(RunstreamClientError);
    expect([error.code, error.status, error.details]).toEqual([
      'EVENTS_MISSING',
      0,
      { after_id: '9-1', id: '9-3' },
    ]);
  });

  it('throws on a hole at the beginning, and on one over a cut', async () => {
    const { client } = await against((response) => {
      lying.stream(response, [lying.frame(2)]);
    });
    expect(await failure(followed(client.follow('r')))).toMatchObject({ code: 'EVENTS_MISSING' });
    const { client: other } = await against((response, _, number) => {
      lying.stream(response, [lying.frame(number === 0 ? 1 : 3)]);
      if (number === 0) response.destroy();
    });
    expect(await failure(followed(other.follow('r', { after: '9-0' })))).toMatchObject({
      code: 'EVENTS_MISSING',
    });
  });

  it('takes no hole for one where a filter hides events', async () => {
    const { client } = await against((response) => {
      lying.stream(response, [lying.frame(1), lying.frame(3), lying.close(3)]);
    });
    const { sequences } = await followed(client.follow('r', { types: ['llm.*'] }));
    expect(sequences).toEqual([1, 3]);
  });

  it('throws on a hole in pages, once the stream has not explained it either', async () => {
    const { client } = await against((response, { url = '' }) => {
      if (url.includes('/stream')) lying.stream(response, [lying.frame(3)]);
      else lying.json(response, 200, { events: [lying.event(1), lying.event(3)], next_id: null });
    });
    expect(await failure(followed(client.follow('r', { catchUp: 'pages' })))).toMatchObject({
      code: 'EVENTS_MISSING',
    });
  });

  it('goes on reading pages once the stream has explained a hole', async () => {
    const { client, server } = await against((response, { url = '', headers }) => {
      const gap = { reason: 'trimmed', after_id: null, first_available_id: '9-5', missed: 4 };
      if (!url.includes('/stream')) {
        lying.json(response, 200, { events: [lying.event(5), lying.event(6)], next_id: null });
      } else if (headers['last-event-id'] === '9-6') response.writeHead(204).end();
      else lying.stream(response, [lying.control('gap', gap, '8-4'), lying.frame(5)]);
    });
    const { sequences, told } = await followed(client.follow('r', { catchUp: 'pages' }));
    expect(told).toEqual(['paging', 'gap', 'paging', 'end']);
    expect(sequences).toEqual([5, 6]);
    expect(server.requests.map(({ url }) => url?.replace(/\?.*/, ''))).toEqual([
      ...['/runs/r/events', '/runs/r/events/stream', '/runs/r/events', '/runs/r/events/stream'],
    ]);
  });

  it('asks the stream when a page does not begin with the event that it has', async () => {
    const { client, server } = await against((response, { url = '' }) => {
      const gap = { reason: 'diverged', after_id: '9-5', first_available_id: '7-1', missed: null };
      if (url.includes('start_id=9-5'))
        lying.json(response, 200, { events: [lying.event(6)], next_id: null });
      else if (url.includes('start_id=7-1')) {
        lying.json(response, 200, { events: [lying.event(1)], next_id: null });
      } else if (server.requests.length < 3) lying.stream(response, [lying.control('gap', gap, '7-0')]);
      else response.writeHead(204).end();
    });
    const { sequences, told } = await followed(client.follow('r', { after: '9-5', catchUp: 'pages' }));
    expect(told).toEqual(['paging', 'gap', 'paging', 'end']);
    expect(sequences).toEqual([1]);
  });

  it('stays with the stream when that has nothing to explain', async () => {
    const { client } = await against((response, { url = '' }) => {
      if (url.includes('/stream')) lying.stream(response, [lying.frame(1), lying.close(1)]);
      else lying.json(response, 200, { events: [lying.event(3)], next_id: null });
    });
    const { items } = await followed(client.follow('r', { catchUp: 'pages' }));
    expect(items.map((item) => ('state' in item ? item.state : item.kind))).toEqual([
      ...['paging', 'streaming', 'event', 'end'],
    ]);
  });

  it('gives out once what comes twice over a cut', async () => {
    const { client } = await against((response, _, number) => {
      lying.stream(
        response,
        [1, 2, 3].slice(0, number + 2).map((n) => lying.frame(n)),
      );
      if (number === 0) setImmediate(() => response.destroy());
      else response.end(lying.close(3));
    });
    const { sequences } = await followed(client.follow('r', { after: '9-0' }));
    expect(sequences).toEqual([1, 2, 3]);
  });

  it('comes back when it was asked to, not earlier', async () => {
    const { client } = await against((response, _, number) => {
      const body = { code: 'OVERLOADED', message: 'Not now.', request_id: 'q1' };
      if (number === 0) lying.json(response, 503, body, { 'retry-after': '1' });
      else lying.stream(response, [lying.frame(1), lying.close(1)]);
    });
    const begun = performance.now();
    const { told, items } = await followed(client.follow('r'));
    expect(performance.now() - begun).toBeGreaterThan(995);
    expect(told).toEqual(['waiting', 'streaming', 'end']);
    expect(items[0]).toMatchObject({ cause: { code: 'OVERLOADED', status: 503, retryAfterMs: 1000 } });
  });

  it('waits as the stream says, and longer after each failure', async () => {
    const { client } = await against((response, _, number) => {
      if (number > 4) response.writeHead(204).end();
      else if (number === 0) {
        lying.stream(response, ['retry: 20\n', lying.frame(1)]);
        setImmediate(() => response.destroy());
      } else response.destroy();
    });
    const { items } = await followed(client.follow('r'));
    const delays = items.flatMap((item) => ('delayMs' in item ? [item.delayMs] : []));
    expect(delays).toHaveLength(5);
    for (const [i, delayMs] of delays.entries()) {
      expect(delayMs).toBeGreaterThanOrEqual(20 * 2 ** i);
      expect(delayMs).toBeLessThanOrEqual(30 * 2 ** i);
    }
  });

  it.each(['stream', 'pages'] as const)(
    'comes back, by %s, when a browser calls an answer whole that was cut in its head',
    async (catchUp) => {
      const { client } = await against(
        (response, { url = '' }) => {
          if (url.includes('/stream')) lying.stream(response, [lying.frame(1), lying.close(1)]);
          else lying.json(response, 200, { events: [lying.event(1)], next_id: null });
        },
        {
          fetch: cutInHead([{}, { 'content-type': 'text/ev' }, { 'content-type': 'application/json' }]),
        },
      );
      const { sequences, told } = await followed(client.follow('r', { catchUp }));
      expect(sequences).toEqual([1]);
      expect(told.filter((one) => one === 'waiting')).toHaveLength(3);
    },
  );

  it('gives out what is provisional, and what a later service says it leaves alone', async () => {
    const said = { durable: false, event: { category: 'llm', action: 'stream' }, idempotency_key: 'k' };
    const { client } = await against((response) => {
      const frames = [lying.control('provisional', said, '9-1'), lying.control('weather', {}, '9-1')];
      lying.stream(response, [lying.frame(1), ...frames, lying.frame(2), lying.close(2)]);
    });
    const { items, sequences, told } = await followed(client.follow('r'));
    expect(told).toEqual(['streaming', 'provisional', 'end']);
    expect(items[2]).toEqual({ kind: 'provisional', event: said });
    expect(sequences).toEqual([1, 2]);
  });

  it.each([
    ['a page', (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>hello</p>')],
    [
      'a line without an end',
      (response) => {
        lying.stream(response, []);
        const more = (): boolean => response.write('x'.repeat(65_536), (error) => error || more());
        more();
      },
    ],
  ] as [string, lying.Answering][])('throws at once when it is answered with %s', async (_, answering) => {
    const { client, server } = await against(answering);
    expect(await failure(followed(client.follow('r')))).toMatchObject({
      code: 'UNEXPECTED_ANSWER',
      status: 200,
    });
    expect(server.requests).toHaveLength(1);
  });
});

describe('follow(), left', () => {
  it('leaves no connection behind', async () => {
    const closed: Promise<unknown>[] = [];
    const { client } = await against((response) => {
      closed.push(once(response, 'close'));
      lying.stream(response, [lying.frame(1)]);
    });
    await followed(client.follow('r'), { until: ({ told }) => told.length === 1 });
    await followed(client.follow('r'), { until: ({ events }) => events.length === 1 });
    const end = new AbortController();
    const onItem = ({ kind }: { kind: string }) => {
      if (kind === 'event') setImmediate(() => end.abort(new Error('enough')));
    };
    await failure(followed(client.follow('r', { signal: end.signal }), { onItem }));
    expect(closed).toHaveLength(3);
    await Promise.all(closed);
  });

  it('waits no longer than its signal lets it', async () => {
    const { client } = await against((response) => {
      lying.json(response, 503, { code: 'OVERLOADED' }, { 'retry-after': '600' });
    });
    const end = new AbortController();
    const onItem = ({ kind }: { kind: string }) => {
      if (kind === 'state') setImmediate(() => end.abort(new Error('enough')));
    };
    const error = await failure(followed(client.follow('r', { signal: end.signal }), { onItem }));
    expect(error.message).toBe('enough');
  });
});

describe('follow(), asked for nothing', () => {
  it('reads nothing: what is held is a piece of the stream', async () => {
    const bytes = new TextEncoder();
    let read = 0;
    let number = 0;
    const endless = new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          const piece = bytes.encode(Array.from({ length: 100 }, () => lying.frame(++number)).join(''));
          read += piece.length;
          controller.enqueue(piece);
        },
      },
      { highWaterMark: 0 },
    );
    const answer = new Response(endless, { headers: { 'content-type': 'text/event-stream' } });
    const client = new RunstreamClient({ baseUrl: 'http://x', fetch: () => Promise.resolve(answer) });
    const follow = client.follow('r');
    const { sequences } = await followed(follow, {
      until: ({ sequences: { length } }) => length === 50,
      // Whatever it might read by itself has time for it.
      onItem: () => new Promise(setImmediate),
    });
    expect(sequences).toHaveLength(50);
    expect(number).toBe(100);
    expect(read).toBeLessThan(2 ** 16);
  });

  it('takes the time that its reader takes for no silence', async () => {
    const { client } = await against(
      (response) => {
        lying.stream(response, [lying.frame(1)]);
        setTimeout(() => response.write(lying.frame(2) + lying.close(2)), 50);
      },
      { heartbeatMs: 100 },
    );
    const { told } = await followed(client.follow('r'), { onItem: () => delay(400) });
    expect(told).toEqual(['streaming', 'end']);
  });

  it('asks for pages of about 1 MiB, however large events are', async () => {
    const sizes: number[] = [];
    const text = createHash('sha256').update('x').digest('hex').repeat(320);
    const { client } = await against((response, { url = '' }) => {
      const query = new URL(url, 'http://x').searchParams;
      if (url.includes('/stream')) return response.writeHead(204).end();
      const first = Number(query.get('start_id')?.split('-')[1]);
      const last = Math.min(1000, first + Number(query.get('limit')) - 1);
      const events = Array.from({ length: last - first + 1 }, (_, i) => ({
        ...lying.event(first + i),
        data: { text },
      }));
      const next = last < 1000 ? `9-${last + 1}` : null;
      sizes.push(JSON.stringify(events).length);
      return lying.json(response, 200, { events, next_id: next });
    });
    const { sequences } = await followed(client.follow('r', { catchUp: 'pages' }));
    expect(sequences).toHaveLength(1000);
    expect(Math.max(...sizes.slice(1))).toBeLessThanOrEqual(1.1 * 2 ** 20);
  });
});

describe('a call', () => {
  it('says what the service said', async () => {
    const said = { code: 'RUN_NOT_FOUND', message: 'There is no run.', request_id: 'q7', details: { a: 1 } };
    const { client } = await against((response) => {
      lying.json(response, 404, said);
    });
    expect(await failure(client.runs.get('r'))).toMatchObject({
      ...{ name: 'RunstreamClientError', code: said.code, message: said.message },
      ...{ status: 404, requestId: 'q7', retryAfterMs: undefined, details: { a: 1 } },
    });
  });

  it('says that it was no service that answered', async () => {
    const { client } = await against((response) => response.writeHead(502).end('<h1>Bad gateway</h1>'));
    expect(await failure(client.runs.get('r'))).toMatchObject({ code: 'UNEXPECTED_ANSWER', status: 502 });
    const { client: other } = await against((response) => response.writeHead(200).end('hello'));
    expect(await failure(other.runs.get('r'))).toMatchObject({ code: 'UNEXPECTED_ANSWER', status: 200 });
  });

  it('waits for an answer for three heartbeats, and for as long again as it was asked to wait', async () => {
    const { client } = await against(() => undefined, { heartbeatMs: 50 });
    const begun = performance.now();
    expect(await failure(client.runs.get('r'))).toMatchObject({ code: 'SILENT', status: 0 });
    expect(performance.now() - begun).toBeGreaterThan(145);
    expect(await failure(client.runs.get('r', { wait_seconds: 1 }))).toMatchObject({ code: 'SILENT' });
    expect(performance.now() - begun).toBeGreaterThan(1290);
  });

  it('says that an answer without its body was cut', async () => {
    const { client } = await against(() => undefined, { fetch: cutInHead([{}]) });
    expect(await failure(client.runs.get('r'))).toMatchObject({ code: 'UNREACHABLE', status: 0 });
  });

  it('ends with its signal', async () => {
    const { client } = await against(() => undefined);
    const reason = new Error('enough');
    const end = new AbortController();
    const asked = failure(client.runs.get('r', {}, { signal: end.signal }));
    end.abort(reason);
    expect(await asked).toBe(reason);
    expect(await failure(client.runs.get('r', {}, { signal: end.signal }))).toBe(reason);
  });

  it('asks for headers again once, for all calls that were refused together', async () => {
    let asked = 0;
    const { client, server } = await against(
      (response, { headers }) => {
        const isGood = headers.authorization === 'Bearer 2';
        lying.json(response, isGood ? 200 : 401, isGood ? { id: 'r' } : { code: 'UNAUTHORIZED' });
      },
      { headers: () => Promise.resolve({ authorization: `Bearer ${++asked}` }) },
    );
    await Promise.all([1, 2, 3].map(() => client.runs.get('r')));
    expect([asked, server.requests.length]).toEqual([2, 6]);
  });

  it('is refused when new headers are refused too, or when there can be no others', async () => {
    let asked = 0;
    const refuse: lying.Answering = (response) => {
      lying.json(response, 401, { code: 'UNAUTHORIZED', message: 'No.' });
    };
    const { client, server } = await against(refuse, { headers: async () => ({ a: `${++asked}` }) });
    expect(await failure(client.runs.get('r'))).toMatchObject({ code: 'UNAUTHORIZED', status: 401 });
    expect([asked, server.requests.length]).toEqual([2, 2]);
    const { client: other, server: same } = await against(refuse, { headers: { a: '1' } });
    expect(await failure(followed(other.follow('r')))).toMatchObject({ code: 'UNAUTHORIZED' });
    expect(same.requests).toHaveLength(1);
  });
});
