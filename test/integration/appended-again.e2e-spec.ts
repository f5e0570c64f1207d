import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { expectStatus, lines, type Client } from '../conformance/client.js';
import {
  eventOf,
  numbered,
  terminal,
  typeOf,
  type EventInput,
  type RecordedEvent,
} from '../conformance/model.js';
import { TestBed } from '../support/test-bed.js';

const bed = new TestBed();
let api: Client;

beforeAll(async () => {
  api = bed.client(await bed.serveHere());
});
afterAll(() => bed.close());

const keysOf = (events: readonly EventInput[]) => events.map(({ idempotency_key }) => idempotency_key);

/** What an export of a run holds that a producer may say. */
const asExported = ({ id, run_id, tenant_id, sequence, ...said }: RecordedEvent): EventInput => said;

async function exportOf(runId: string): Promise<EventInput[]> {
  return (await api.history(runId)).map(asExported);
}

/** Some with a key and some without, as JSON and as NDJSON, with all that an event may have and with nothing. */
async function runOfAllKinds(): Promise<string> {
  const { id } = await api.createRun();
  await api.append(id, [
    numbered(1),
    numbered(2, { idempotency_key: 'two' }),
    eventOf(
      'log.stdout',
      {},
      { source: { agent_id: 'a' }, context: { task_id: 't' }, metadata: { m: null } },
    ),
  ]);
  const nothing = { source: null, context: {}, metadata: {}, timestamp: null, idempotency_key: null };
  await api.appendLines(id, [
    numbered(3, nothing),
    numbered(4, { ...nothing, idempotency_key: 'four \u2028' }),
  ]);
  return id;
}

describe('An export of a run, appended again', () => {
  it('to the same run: events with a key are there already, the others are new', async () => {
    const runId = await runOfAllKinds();
    const exported = await exportOf(runId);
    expect(keysOf(exported).filter((key) => key !== undefined)).toEqual(['two', 'four \u2028']);
    expect(await api.appendLines(runId, exported)).toMatchObject({ count: 4, duplicates: 2 });
    const again = await exportOf(runId);
    expect(again).toEqual([...exported, ...exported.filter((event) => !('idempotency_key' in event))]);
  });

  it('to another run: all are new, each under the key that it was given and no other', async () => {
    const exported = await exportOf(await runOfAllKinds());
    const { id } = await api.createRun();
    expect(await api.appendLines(id, exported)).toMatchObject({ count: 6, duplicates: 0 });
    const stored = (await exportOf(id)).slice(1);
    expect(stored).toEqual(exported);
    expect(stored.map((event) => Object.keys(event))).toEqual(exported.map((event) => Object.keys(event)));
    // A second time, and over the other way in.
    expect(await api.append(id, exported)).toMatchObject({ count: 4, duplicates: 2 });
  });

  it.each(['completed', 'failed', 'cancelled'])(
    'the end of a run that is %s has no source',
    async (action) => {
      const { id } = await api.createRun();
      const watcher = await api.watch(id);
      if (action === 'cancelled')
        expectStatus(await api.request('POST', `/runs/${id}/cancel`, { json: {} }), 200);
      else expectStatus(await api.postLines(id, lines([terminal(action)])), 200);
      await watcher.untilEnd();
      for (const end of [watcher.events.at(-1)!, (await api.history(id)).at(-1)!]) {
        expect(typeOf(end)).toBe(`lifecycle.${action}`);
        expect(end).not.toHaveProperty('source');
      }
    },
  );
});
