import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RunstreamClient } from '../../packages/client/src/index.js';
import type { Client } from '../conformance/client.js';
import { numberedRange, terminal } from '../conformance/model.js';
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
});
