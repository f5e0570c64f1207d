import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '../conformance/client.js';
import { numbered, terminal, type EventInput } from '../conformance/model.js';
import { assertSequences } from '../conformance/watcher.js';
import { CutWatcher } from '../support/cut-watcher.js';
import { report } from '../support/report-line.js';
import { seedFromEnvironment, SeededRandom } from '../support/seeded-random.js';
import type { Service } from '../support/service.js';
import { isSweep } from '../support/sweep.js';
import { TestBed } from '../support/test-bed.js';

const bed = new TestBed();

/** `npm run sweeps` takes many more. */
const EVENTS = isSweep ? 5000 : 600;
const WATCHERS = isSweep ? 200 : 40;
/** The most frames of a connection that is cut. */
const MOST_FRAMES = isSweep ? 2500 : 1000;
/** `REPEAT=20 npm test -- test/integration/three-instances` for more; `SEED=…` for the same again. */
const REPEAT = Number(process.env['REPEAT'] ?? 1);

let services: Service[];

beforeAll(async () => {
  services = await Promise.all([bed.startService(), bed.startService(), bed.startService()]);
});

afterAll(() => bed.close());

/** Appends events 2 … EVENTS-1 through all instances at once, and then the last. */
async function produce(apis: Client[], runId: string, random: SeededRandom, appended: (n: number) => void) {
  let taken = 1;
  const producer = async (api: Client): Promise<void> => {
    while (taken < EVENTS - 1) {
      const size = Math.min(random.integer(1, 12), EVENTS - 1 - taken);
      const batch: EventInput[] = Array.from({ length: size }, (_, i) => numbered(taken + 1 + i));
      taken += size;
      const { count } = await api.append(runId, size === 1 ? batch[0]! : batch);
      expect(count).toBe(size);
      appended(size);
    }
  };
  await Promise.all(apis.map(producer));
  await apis[random.integer(0, 2)]!.append(runId, terminal());
}

async function watchWhileItRuns(random: SeededRandom): Promise<void> {
  const apis = services.map((service) => bed.client(service));
  const { id: runId } = await apis[0]!.createRun();
  let appended = 1;
  let joinedLate = 0;
  let cuts = 0;
  const watchers = Array.from({ length: WATCHERS }, async () => {
    // Up to a moment past the end, when everything is a replay.
    const joinAt = random.integer(0, EVENTS * 1.02);
    while (appended < Math.min(joinAt, EVENTS - 1)) await delay(1);
    if (joinAt >= EVENTS) joinedLate++;
    const events: { sequence: number; n: unknown }[] = [];
    const watcher = new CutWatcher(runId, {
      nextUrl: () => services[random.integer(0, 2)]!.url,
      nextCut: () => (random.next() < 0.2 ? undefined : random.integer(1, MOST_FRAMES)),
      onEvent: ({ id, data }) => {
        const event = JSON.parse(data) as { id: string; sequence: number; data: { n?: unknown } };
        if (event.id !== id) throw new Error(`frame ${id} carries event ${event.id}`);
        events.push({ sequence: event.sequence, n: event.data.n });
      },
    });
    await watcher.watch();
    cuts += watcher.cuts;
    return events;
  });
  const producing = produce(apis, runId, random, (n) => (appended += n));
  const from = Date.now();
  const seen = await Promise.all(watchers);
  await producing;
  const log = await apis[1]!.history(runId);
  assertSequences(log, 1, EVENTS);
  const numbers = log.map(({ data }) => data['n']);
  expect(new Set(numbers.slice(1, -1)).size).toBe(EVENTS - 2);
  for (const events of seen) {
    assertSequences(events, 1, EVENTS);
    expect(events.every(({ n }, i) => n === numbers[i])).toBe(true);
  }
  report(
    `${WATCHERS} watchers × ${EVENTS} events over 3 instances, cut ${cuts} times, ${joinedLate} joined at the end: ` +
      `each has 1…${EVENTS} once and in order (${Date.now() - from} ms, seed ${random.seed})`,
  );
}

describe('Three instances over one Redis', () => {
  it.each(Array.from({ length: REPEAT }, (_, n) => n + 1))(
    'T01 T04 watchers that join and are cut at random each hold every event once, in order (%d)',
    async (repetition) => {
      const seed = seedFromEnvironment();
      const random = new SeededRandom(seed + (process.env['SEED'] === undefined ? 0 : repetition - 1));
      try {
        await watchWhileItRuns(random);
      } catch (error) {
        report(
          `FAILED with seed ${random.seed}: SEED=${random.seed} npm test -- test/integration/three-instances`,
        );
        for (const { child } of services) for (const line of child.lines.slice(-8)) report(line);
        throw error;
      }
    },
  );
});
