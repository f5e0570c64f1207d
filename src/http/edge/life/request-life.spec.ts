import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { eventually } from '../../../../test/support/eventually.js';
import { OpenAnswers, type Pace } from './open-answers.js';
import { begin, lifeOf, requestsUnderWay, type RequestLife } from './request-life.js';

interface Seen {
  life: RequestLife;
  /** How often it was told of its end. */
  ends: number;
  signal: AbortSignal;
}

let server: Server;
let client: Socket;
let seen: Seen[];
let open: OpenAnswers | undefined;
let answer: (request: IncomingMessage, response: ServerResponse, n: number) => void;

function paced(pace: Pace): OpenAnswers {
  return Object.assign(new OpenAnswers({}), { pace });
}

beforeEach(async () => {
  seen = [];
  open = undefined;
  server = createServer();
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    const life = begin(request, response);
    const one: Seen = { life, ends: 0, signal: life.signal };
    life.onEnd(() => one.ends++);
    open?.add(response, life);
    seen.push(one);
    request.resume();
    answer(request, response, seen.length);
  });
  server.on('clientError', (error, socket) => socket.destroy(error));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  await reconnect();
});
afterEach(() => {
  client.destroy();
  server.closeAllConnections();
  server.close();
});

async function reconnect(): Promise<void> {
  client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => undefined);
  client.resume();
  await once(client, 'connect');
}

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const send = (text: string) => client.write(text);
const untilSeen = (count: number) => eventually(`${count} requests are seen`, () => seen.length === count);
const untilOver = () => eventually('all are over', () => seen.every(({ life }) => life.over));
const states = () => seen.map(({ ends, life, signal }) => [ends, life.answered, signal.aborted]);
const ANSWERED = [1, true, false];
const CUT = [1, false, true];
const hold = () => undefined;

describe('The life of a request ends exactly once', () => {
  it('T100 with its answer', async () => {
    answer = (_request, response) => response.end('ok');
    send(GET + GET);
    await untilSeen(2);
    await untilOver();
    expect(states()).toEqual([ANSWERED, ANSWERED]);
  });

  it('T100 with its connection, for those that wait behind another one as well', async () => {
    answer = (_request, response, n) => (n === 2 ? response.end('nobody will read this') : undefined);
    send(GET + GET + GET);
    await untilSeen(3);
    client.destroy();
    await untilOver();
    expect(states()).toEqual([CUT, CUT, CUT]);
  });

  it.each([
    ['reset', () => client.resetAndDestroy()],
    ['half-closed and then cut', () => client.end().destroy()],
    ['cut by the server', () => server.closeAllConnections()],
    ['ended by what is no request', () => client.write('BAD\r\n\r\n')],
  ])('T100 with a connection that is %s', async (_, cut) => {
    answer = hold;
    send(GET);
    await untilSeen(1);
    cut();
    await untilOver();
    expect(states()).toEqual([CUT]);
  });

  it('T100 with its response, when that is destroyed', async () => {
    answer = (_request, response) => response.destroy();
    send(GET);
    await untilSeen(1);
    await untilOver();
    expect(states()).toEqual([CUT]);
  });

  it('T100 at once, when the connection is gone before it begins', async () => {
    const lives: RequestLife[] = [];
    answer = hold;
    send(GET);
    await untilSeen(1);
    server.once('request', hold);
    const [first] = seen;
    client.destroy();
    await untilOver();
    // As it is for a request that is parsed in the same turn in which its socket was destroyed.
    const socket = { destroyed: true };
    const response = { once: () => response };
    const late = begin({ socket } as unknown as IncomingMessage, response as unknown as ServerResponse);
    late.onEnd(() => lives.push(late));
    expect([late.over, lives.length, late.signal.aborted, first?.ends]).toEqual([true, 1, true, 1]);
  });

  it('and is told to nobody who took it back', async () => {
    answer = (request, response) => {
      let told = 0;
      const life = lifeOf(request);
      life.onEnd(() => told++)();
      life.onEnd(() => {
        response.setHeader('x', 1);
      })();
      response.end(String(told));
    };
    send(GET);
    await untilSeen(1);
    await untilOver();
    expect(states()).toEqual([ANSWERED]);
  });

  it('T101 and a connection knows how many it has', async () => {
    const counts: number[] = [];
    answer = (request) => counts.push(requestsUnderWay(request.socket));
    send(GET.repeat(5));
    await untilSeen(5);
    expect(counts).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('An answer that nobody takes', () => {
  it('T114 ends its connection', async () => {
    open = paced({ lookMs: 20, graceMs: 50, bytesPerSecond: 1e9 });
    client.destroy();
    await reconnect();
    answer = (_request, response) => response.end(Buffer.alloc(20_000_000));
    client.pause();
    send(GET);
    await untilSeen(1);
    await untilOver();
    expect(states()).toEqual([CUT]);
  });

  it('T114 and one that is taken does not', async () => {
    open = paced({ lookMs: 20, graceMs: 60_000, bytesPerSecond: 1e9 });
    client.destroy();
    await reconnect();
    answer = (_request, response) => response.end(Buffer.alloc(20_000_000));
    send(GET);
    await untilSeen(1);
    await untilOver();
    expect(states()).toEqual([ANSWERED]);
  });
});
