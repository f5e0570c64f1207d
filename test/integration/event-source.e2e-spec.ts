import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { EventSource } from 'eventsource';
import type { Client } from '../conformance/client.js';
import { numbered, numberedRange, terminal, type RecordedEvent } from '../conformance/model.js';
import { assertSequences } from '../conformance/watcher.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/redis.js';
import type { Service } from '../support/service.js';
import { TestBed } from '../support/test-bed.js';

const bed = new TestBed();

let port: number;
let service: Service;
let api: Client;
let sources: EventSource[];

const start = (): Promise<Service> => bed.startService({ PORT: String(port), SSE_RETRY_MS: '150' });

beforeAll(async () => {
  port = await freePort();
  service = await start();
  api = bed.client(service);
  sources = [];
});

afterEach(() => {
  for (const source of sources.splice(0)) source.close();
});

afterAll(() => bed.close());

/** An EventSource as it comes, with what it heard and what it asked for. */
function listen(runId: string, query = '', names: string[] = []) {
  const events: RecordedEvent[] = [];
  const controls: string[] = [];
  /** The `Last-Event-ID` of each request. */
  const requests: (string | undefined)[] = [];
  const statuses: number[] = [];
  const source = new EventSource(`${service.url}/runs/${runId}/events/stream${query}`, {
    fetch: async (url, init) => {
      requests.push(init.headers['Last-Event-ID']);
      const answer = await fetch(url, init);
      statuses.push(answer.status);
      return answer;
    },
  });
  sources.push(source);
  const take = (message: MessageEvent): void =>
    void events.push(JSON.parse(String(message.data)) as RecordedEvent);
  source.onmessage = take;
  for (const name of names) source.addEventListener(name, take);
  for (const name of ['cursor', 'gap', 'close']) source.addEventListener(name, () => controls.push(name));
  return { source, events, controls, requests, statuses };
}

describe('An EventSource', () => {
  it('T20 hears frames by their type, and nothing through onmessage', async () => {
    const { id: runId } = await api.createRun();
    const byType = listen(runId, '', ['lifecycle.started', 'llm.stream', 'lifecycle.completed']);
    const unnamed = listen(runId);
    await eventually('it is there', () => byType.events.length === 1);
    await api.append(runId, [...numberedRange(1, 5), terminal()]);
    await eventually('it has stopped', () => byType.source.readyState === EventSource.CLOSED);
    assertSequences(byType.events, 1, 7);
    expect(unnamed.events).toEqual([]);
  });

  it('T20 with named=false hears every event through onmessage, and control frames by their name', async () => {
    const { id: runId } = await api.createRun();
    const watching = listen(runId, '?named=false');
    await eventually('it is there', () => watching.events.length === 1);
    await api.append(runId, [...numberedRange(1, 5), terminal()]);
    await eventually('it has stopped', () => watching.source.readyState === EventSource.CLOSED);
    assertSequences(watching.events, 1, 7);
    expect(watching.controls).toEqual(['close']);
  });

  it('T20 stops by itself at the end of the run: one more request, answered 204', async () => {
    const { id: runId } = await api.createRun();
    const watching = listen(runId, '?named=false');
    await eventually('it is there', () => watching.events.length === 1);
    const { last_id } = await api.append(runId, terminal());
    await eventually('it has stopped', () => watching.source.readyState === EventSource.CLOSED);
    expect(watching.requests).toEqual([undefined, last_id]);
    expect(watching.statuses).toEqual([200, 204]);
  });

  it('T18 T20 stops as well when a filter hides the end, or everything', async () => {
    const { id: runId } = await api.createRun();
    const watching = listen(runId, '?type=gate.*&named=false');
    await eventually('it is there', () => watching.controls.includes('cursor'));
    await api.append(runId, [...numberedRange(1, 5), terminal()]);
    await eventually('it has stopped', () => watching.source.readyState === EventSource.CLOSED);
    expect(watching.statuses).toEqual([200, 204]);
    expect(watching.events).toEqual([]);
  });

  it('T16 T20 comes back by itself after the service was restarted, with its cursor', async () => {
    const { id: runId } = await api.createRun();
    await api.append(runId, numberedRange(2, 10));
    const watching = listen(runId, '?named=false');
    const tailing = listen(runId, '?from=tail&named=false');
    await eventually('both are there', () => watching.events.length === 10 && tailing.controls.length === 1);
    expect(await service.stop()).toBe(0);
    // It keeps asking, and each time it is told nothing at all.
    await eventually('it was refused', () => watching.requests.length > watching.statuses.length + 1);
    service = await start();
    const { last_id } = await api.append(runId, numbered(11));
    await eventually('both go on', () => watching.events.length === 11 && tailing.events.length === 1);
    await api.append(runId, terminal());
    await eventually('both have stopped', () =>
      [watching, tailing].every(({ source }) => source.readyState === EventSource.CLOSED),
    );
    assertSequences(watching.events, 1, 12);
    assertSequences(tailing.events, 11, 12);
    expect(watching.requests.slice(1, -1).every((cursor) => cursor === watching.events[9]?.id)).toBe(true);
    expect(watching.requests.at(-1)).not.toBe(last_id);
  });

  it('T20 begins where ?last_event_id says, since it can’t send a header of its own at first', async () => {
    const { id: runId } = await api.createRun();
    const { ids } = await api.append(runId, numberedRange(2, 10));
    const watching = listen(runId, `?named=false&last_event_id=${ids[3]}`);
    await eventually('it is there', () => watching.events.length === 5);
    await api.append(runId, terminal());
    await eventually('it has stopped', () => watching.source.readyState === EventSource.CLOSED);
    assertSequences(watching.events, 6, 11);
  });
});
