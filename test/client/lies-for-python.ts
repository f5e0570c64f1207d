import type { ServerResponse } from 'node:http';
import * as lying from './lying-server.js';

const { close, control, event, frame, json, stream } = lying;

/** What is said of a run of that name, whatever is asked; the number counts the requests for it from 0. */
const LIES: Record<string, lying.Answering> = {
  hole: (response) => {
    stream(response, [frame(1), frame(3), close(3)]);
  },
  late: (response) => {
    stream(response, [frame(2)]);
  },
  'hole-over-a-cut': (response, _, number) => {
    stream(response, [frame(number === 0 ? 1 : 3)]);
    if (number === 0) setImmediate(() => response.destroy());
  },
  twice: (response, _, number) => {
    const frames = [1, 2, 3].slice(0, number + 2).map((n) => frame(n));
    stream(response, frames);
    if (number === 0) setImmediate(() => response.destroy());
    else response.end(close(3));
  },
  'overloaded-at-first': (response, _, number) => {
    const body = { code: 'OVERLOADED', message: 'Not now.', request_id: 'q1' };
    if (number === 0) json(response, 503, body, { 'retry-after': '1' });
    else stream(response, [frame(1), close(1)]);
  },
  'overloaded-until': (response) => {
    json(response, 503, {}, { 'retry-after': new Date(Date.now() + 60_000).toUTCString() });
  },
  overloaded: (response) => {
    json(response, 503, {}, { 'retry-after': '600' });
  },
  failing: (response, _, number) => {
    if (number > 4) response.writeHead(204).end();
    else if (number > 0) response.destroy();
    else {
      stream(response, ['retry: 20\n', frame(1)]);
      setImmediate(() => response.destroy());
    }
  },
  provisional: (response) => {
    const said = { durable: false, event: { category: 'llm', action: 'stream' }, idempotency_key: 'k' };
    const frames = [control('provisional', said, '9-1'), control('weather', {}, '9-1')];
    stream(response, [frame(1), ...frames, frame(2), close(2)]);
  },
  bytewise: (response) => {
    const said = JSON.stringify({ ...event(1), data: { text: 'é\u2028\u0085👍' } });
    const first = `: heartbeat\nevent: llm.stream\r\ndata:${said}\r\nid: 9-1\r\n\r\n`;
    stream(response, []);
    response.socket?.setNoDelay();
    for (const byte of Buffer.from(first + frame(2) + close(2))) response.write(Buffer.from([byte]));
    response.end('event: log.stdout\ndata: {"cut":');
  },
  page: (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>hello</p>'),
  moved: (response) => response.writeHead(302, { location: '/elsewhere' }).end(),
  'no-json': (response) => {
    stream(response, ['event: llm.stream\ndata: {"n":\nid: 9-1\n\n']);
  },
  'endless-line': (response) => {
    pour(response, () => 'x'.repeat(65_536));
  },
  'endless-frame': (response) => {
    pour(response, () => `data: ${'x'.repeat(1000)}\n`);
  },
  'endless-stream': (response) => {
    let n = 0;
    pour(response, () => Array.from({ length: 100 }, () => frame(++n)).join(''));
  },
  slow: (response) => {
    stream(response, [frame(1)]);
    setTimeout(() => response.write(frame(2) + close(2)), 50);
  },
  quiet: (response) => {
    stream(response, [frame(1)]);
  },
  unknown: (response) => {
    const said = { code: 'RUN_NOT_FOUND', message: 'There is no run.', request_id: 'q7', details: { a: 1 } };
    json(response, 404, said);
  },
  gateway: (response) => response.writeHead(502).end('<h1>Bad gateway</h1>'),
  text: (response) => response.writeHead(200).end('hello'),
  cut: (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 });
    response.write('{"id":', () => response.destroy());
  },
  'cut-chunks': (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{"id":', () => response.destroy());
  },
  'cut-body': (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 });
    response.flushHeaders();
    setImmediate(() => response.destroy());
  },
  'cut-head': ({ socket }) => {
    socket?.end('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n');
  },
  silent: () => undefined,
  guarded: (response, { headers }, number) => {
    const isGood = headers.authorization === 'Bearer 2';
    // They are refused together.
    first.push(() => {
      json(response, isGood ? 200 : 401, isGood ? { id: 'r' } : { code: 'UNAUTHORIZED' });
    });
    if (number >= 2) for (const answer of first.splice(0)) answer();
  },
  forbidden: (response) => {
    json(response, 401, { code: 'UNAUTHORIZED', message: 'No.' });
  },
  busy: (response, request) => {
    request.resume().on('end', () => {
      json(response, 503, { code: 'OVERLOADED' });
    });
  },
  'busy-at-first': (response, request, number) => {
    request.resume().on('end', () => {
      json(response, number < 5 ? 503 : 200, {});
    });
  },
};

const first: (() => void)[] = [];

/** As fast as it is taken. */
function pour(response: ServerResponse, piece: () => string): void {
  stream(response, []);
  const more = (): boolean => response.write(piece(), (error) => error || more());
  more();
}

/**
 * A server for the tests in Python, which have no hands here: `/runs/<name>/…` is answered with the lie of that name,
 * `/asked/<name>` with how often it was asked for, `/open/<name>` with how many of its answers are open, and another
 * command, `/<name>`, is carried out.
 */
export async function startLiar(commands: Record<string, () => void>): Promise<lying.LyingServer> {
  const asked = new Map<string, number>();
  const open = new Map<string, number>();
  const count = (counts: Map<string, number>, name: string, by: number): number => {
    const before = counts.get(name) ?? 0;
    counts.set(name, before + by);
    return before;
  };
  return lying.startLyingServer((response, request) => {
    const [, what = '', name = ''] = (request.url ?? '').split('/');
    if (what === 'runs') {
      count(open, name, 1);
      response.on('close', () => count(open, name, -1));
      LIES[name]?.(response, request, count(asked, name, 1));
    } else {
      commands[what]?.();
      response.end(String((what === 'asked' ? asked : open).get(name) ?? 0));
    }
  });
}
