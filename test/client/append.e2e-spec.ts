import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type ClientOptions,
  RunstreamClient,
  RunstreamClientError,
} from '../../packages/client/src/index.js';
import type { Client } from '../conformance/client.js';
import { terminal } from '../conformance/model.js';
import { eventually } from '../support/eventually.js';
import { report } from '../support/report-line.js';
import { SeededRandom, seedFromEnvironment } from '../support/seeded-random.js';
import type { Serving } from '../support/service.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { TestBed } from '../support/test-bed.js';
import { range } from './following.js';
import * as lying from './lying-server.js';

const CUTS = 20;

const bed = new TestBed();
let service: Serving;
let api: Client;

beforeAll(async () => {
  service = await bed.serveHere();
  api = bed.client(service);
});
afterAll(() => bed.close());

const clientOf = (url: string, options: Partial<ClientOptions> = {}) =>
  new RunstreamClient({ baseUrl: url, retryMs: 1, ...options });
const said = (n: number, text = '') => ({ event: { category: 'llm', action: 'stream' }, data: { n, text } });

describe('append()', () => {
  it(`stores each event once and in order, over a line that is cut ${CUTS} times`, async () => {
    const random = new SeededRandom(seedFromEnvironment());
    let [n, cuts] = [0, 0];
    const isWanted = () => cuts < CUTS && random.next() < 0.5;
    // Half of them in an answer, after so many bytes; the others in a request that has just begun.
    const proxy = await startTcpProxy(Number(new URL(service.url).port), () =>
      isWanted() ? { afterBytes: random.integer(1, 600), onCut: () => cuts++ } : undefined,
    );
    bed.onClose(() => proxy.close());
    const { id: runId } = await api.createRun();
    const writer = clientOf(`http://127.0.0.1:${proxy.port}`, {
      fetch: (...request) => {
        if (isWanted()) setTimeout(() => (cuts += proxy.cut()), random.integer(0, 3));
        return fetch(...request);
      },
    }).append(runId);
    while (cuts < CUTS) await writer.write(said(++n, 'x'.repeat(random.integer(0, 20_000))));
    await writer.end('completed', { result: 'done' });
    report(`append: SEED=${random.seed}, ${n} events, ${cuts} cuts`);
    const stored = await api.history(runId);
    expect(stored.map(({ data }) => data['n'])).toEqual([undefined, ...range(1, n), undefined]);
    expect(stored.at(-1)?.data).toEqual({ result: 'done' });
    expect((await api.run(runId)).status).toBe('completed');
  });

  it('sends what is written at once as one request, and gives keys that go on', async () => {
    const server = await lying.startLyingServer((response, request) => {
      let text = '';
      request.on('data', (chunk: Buffer) => (text += chunk.toString()));
      request.on('end', () => {
        bodies.push(
          text
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line) as { idempotency_key: string }),
        );
        lying.json(response, 200, {});
      });
    });
    bed.onClose(() => server.close());
    const bodies: { idempotency_key: string }[][] = [];
    const writer = clientOf(server.url).append('r', { writerId: 'w' });
    void writer.write(said(1));
    void writer.write({ ...said(2), idempotency_key: 'own' });
    void writer.write(said(3));
    await writer.flush();
    void writer.write(said(4));
    await writer.flush();
    expect(bodies.map((lines) => lines.map((line) => line.idempotency_key))).toEqual([
      ['w:1', 'own', 'w:3'],
      ['w:4'],
    ]);
    expect(server.requests[0]).toMatchObject({ url: '/runs/r/events/ndjson', method: 'POST' });
  });

  it('stores nothing twice for a producer that begins again with the same id', async () => {
    const { id: runId } = await api.createRun();
    for (const count of [3, 5]) {
      await using writer = clientOf(service.url).append(runId, { writerId: 'job-7' });
      for (let n = 1; n <= count; n++) await writer.write(said(n));
    }
    const stored = await api.history(runId);
    expect(stored.slice(1).map(({ data }) => data['n'])).toEqual([1, 2, 3, 4, 5]);
  });

  it('has stored all at the end of its block, and takes nothing after its end', async () => {
    const { id: runId } = await api.createRun();
    const left = clientOf(service.url).append(runId);
    {
      await using writer = left;
      void writer.write(said(1));
    }
    expect((await api.run(runId)).sequence).toBe(2);
    expect(() => left.write(said(2))).toThrow('This writer has ended.');
  });

  it('tells of what the service refuses, from then on', async () => {
    const { id: runId } = await api.createRun();
    await api.append(runId, terminal());
    const writer = clientOf(service.url).append(runId);
    await writer.write(said(1));
    const error: unknown = await writer.flush().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RunstreamClientError);
    expect(error).toMatchObject({ code: 'RUN_ENDED', status: 409, details: { count: 0 } });
    expect(() => writer.write(said(2))).toThrow(RunstreamClientError);
    await expect(writer.flush()).rejects.toBe(error);
  });

  it('knows its end again when the answer to it was lost', async () => {
    const proxy = await startTcpProxy(Number(new URL(service.url).port));
    bed.onClose(() => proxy.close());
    const { id: runId } = await api.createRun();
    const writer = clientOf(`http://127.0.0.1:${proxy.port}`).append(runId);
    void writer.write(said(1));
    await writer.flush();
    proxy.swallowAnswers();
    const ended = writer.end('failed', { error: 'no luck' });
    await eventually('it is stored', async () => (await api.run(runId)).status === 'failed');
    proxy.cut();
    await ended;
    expect((await api.history(runId)).map(({ event }) => event.action)).toEqual([
      'started',
      'stream',
      'failed',
    ]);
  });

  it('holds 1 MiB, and waits for room', async () => {
    let isOpen = false;
    const server = await lying.startLyingServer((response, request) => {
      request.resume().on('end', () => {
        lying.json(response, isOpen ? 200 : 503, isOpen ? {} : { code: 'OVERLOADED' });
      });
    });
    bed.onClose(() => server.close());
    const writer = clientOf(server.url).append('r');
    let written = 0;
    let waiting: Promise<void> | undefined;
    let hasRoom = true;
    while (hasRoom) {
      waiting = writer.write(said(++written, 'x'.repeat(100_000)));
      hasRoom = (await Promise.race([
        waiting.then(() => true),
        new Promise((resolve) => setImmediate(resolve, false)),
      ])) as boolean;
    }
    expect(written).toBe(11);
    expect(() => writer.write(said(0))).toThrow(/Await write/);
    await eventually('it was refused', () => server.requests.length > 1);
    isOpen = true;
    await waiting;
    await writer.write(said(++written));
    await writer.flush();
  });

  it('ends with its signal, and says so', async () => {
    const server = await lying.startLyingServer((response) => {
      lying.json(response, 503, { code: 'OVERLOADED' }, { 'retry-after': '600' });
    });
    bed.onClose(() => server.close());
    const [end, reason] = [new AbortController(), new Error('enough')];
    const writer = clientOf(server.url).append('r', { signal: end.signal });
    void writer.write(said(1));
    await eventually('it was refused', () => server.requests.length === 1);
    end.abort(reason);
    await expect(writer.flush()).rejects.toBe(reason);
  });
});
