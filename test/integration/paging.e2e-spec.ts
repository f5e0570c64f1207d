import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from '../conformance/client.js';
import {
  eventOf,
  numbered,
  typeOf,
  type EventInput,
  type HistoryPage,
  type RecordedEvent,
} from '../conformance/model.js';
import { assertSequences } from '../conformance/watcher.js';
import { report } from '../support/report-line.js';
import type { Serving } from '../support/service.js';
import { isSweep } from '../support/sweep.js';
import { TestBed } from '../support/test-bed.js';

const bed = new TestBed();

/** `npm run sweeps` reads all of a long log. */
const EVENTS = isSweep ? 5000 : 200;
const LIMITS = isSweep ? [1, 7, 999, 10_000] : [1, 7, 33, 10_000];

let service: Serving;
let api: Client;
let runId: string;
let log: RecordedEvent[];

/** Every tenth a tool call, and one single approval near the end. */
function input(n: number): EventInput {
  if (n === EVENTS - 79) return eventOf('gate.approved', { n });
  return n % 10 === 0 ? eventOf('llm.tool_call', { n }) : numbered(n);
}

beforeAll(async () => {
  service = await bed.serveHere();
  api = bed.client(service);
  runId = (await api.createRun()).id;
  await api.appendLines(
    runId,
    Array.from({ length: EVENTS - 1 }, (_, i) => input(i + 2)),
  );
  log = await api.history(runId);
  assertSequences(log, 1, EVENTS);
});

afterAll(() => bed.close());

async function pageThrough(limit: number, order: 'asc' | 'desc', type?: string) {
  const events: RecordedEvent[] = [];
  const sizes: number[] = [];
  let next: string | null = order === 'asc' ? '-' : '+';
  while (next !== null) {
    const bound: Record<string, string> = order === 'asc' ? { start_id: next } : { end_id: next };
    const query = new URLSearchParams({ ...bound, limit: String(limit), order, ...(type && { type }) });
    // Over one connection that stays open: a page of one event each would else be a connection each.
    const answer = await fetch(`${service.url}/runs/${runId}/events?${query.toString()}`);
    expect(answer.status).toBe(200);
    const page = (await answer.json()) as HistoryPage;
    expect(page.count).toBe(page.events.length);
    expect(page.has_more).toBe(page.next_id !== null);
    events.push(...page.events);
    sizes.push(page.count);
    next = page.next_id;
  }
  return { events, sizes };
}

describe(`Paging through ${EVENTS} events`, () => {
  const filters: [string, string | undefined, (type: string) => boolean][] = [
    ['unfiltered', undefined, () => true],
    ['type=llm.tool_call', 'llm.tool_call', (type) => type === 'llm.tool_call'],
    ['type=gate.*,lifecycle.*', 'gate.*,lifecycle.*', (type) => /^(gate|lifecycle)\./.test(type)],
    ['type=patch.*, of which there is none', 'patch.*', () => false],
  ];
  const cases = filters.flatMap(([name, type, passes]) =>
    LIMITS.flatMap((limit) =>
      (['asc', 'desc'] as const).map((order) => ({ name, type, passes, limit, order })),
    ),
  );

  it.each(cases)('T22 $name, limit $limit, $order', async ({ name, type, passes, limit, order }) => {
    const expected = log.filter((event) => passes(typeOf(event)));
    if (order === 'desc') expected.reverse();
    const from = Date.now();
    const { events, sizes } = await pageThrough(limit, order, type);
    report(
      `${name}, limit ${limit}, ${order}: ${events.length} events on ${sizes.length} pages, ${Date.now() - from} ms`,
    );
    expect(events).toEqual(expected);
    // Each page is full but the last, and none is there only to say that it is over.
    expect(sizes).toEqual([
      ...Array<number>(Math.floor(expected.length / limit)).fill(limit),
      ...(expected.length % limit > 0 || expected.length === 0 ? [expected.length % limit] : []),
    ]);
  });
});
