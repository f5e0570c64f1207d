import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile, spawnSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { promisify } from 'node:util';
import type { Client } from '../conformance/client.js';
import {
  terminal,
  typeOf,
  type AppendReply,
  type EventInput,
  type RecordedEvent,
} from '../conformance/model.js';
import { assertSequences } from '../conformance/watcher.js';
import { findRecordings, type Recording } from '../support/recordings.js';
import { report } from '../support/report-line.js';
import type { Serving } from '../support/service.js';
import { TestBed } from '../support/test-bed.js';

const bed = new TestBed();

const recordings = findRecordings();
const hasCurl = spawnSync('curl', ['--version']).status === 0;

let services: [Serving, Serving];

beforeAll(async () => {
  services = await Promise.all([bed.serveHere(), bed.serveHere()]);
  if (recordings.length === 1) {
    report('Only the made-up recording is here: set RECORDINGS_DIR to a folder with real ones (*.ndjson).');
  }
});

afterAll(() => bed.close());

/** As a user would; without curl, as a program would: a stream, since the file may be large. */
async function post(api: Client, url: string, runId: string, file: string): Promise<AppendReply> {
  if (hasCurl) {
    const target = `${url}/runs/${runId}/events`;
    const type = 'Content-Type: application/x-ndjson';
    const { stdout } = await promisify(execFile)('curl', [
      ...['--silent', '--show-error', '--fail', '--header', type],
      // In pieces and at a pace, so that the watchers see it grow.
      ...['--limit-rate', '60k', '--upload-file', file, '--request', 'POST', target],
    ]);
    return JSON.parse(stdout) as AppendReply;
  }
  const upload = api.openUpload(runId);
  createReadStream(file).pipe(upload.request);
  const chunks: Buffer[] = [];
  for await (const chunk of await upload.response) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString()) as AppendReply;
}

/**
 * A watcher that is cut twice on its way, after so many events, and comes back each time, to the other instance.
 * What was already on its way when it was cut is lost to it.
 */
async function watchWithCuts(apis: Client[], runId: string, cutsAt: number[]): Promise<RecordedEvent[]> {
  const held: RecordedEvent[] = [];
  for (const [n, cutAt] of [...cutsAt, Infinity].entries()) {
    const watcher = await apis[n % 2]!.watch(runId, { lastEventId: held.at(-1)?.id });
    if (cutAt === Infinity) await watcher.untilEnd(60_000);
    else await watcher.untilEvents(cutAt - held.length, 60_000);
    watcher.cut();
    held.push(...watcher.events.slice(0, cutAt - held.length));
  }
  return held;
}

/** What the event has of what the producer may say. */
function asInput({
  timestamp,
  event,
  source,
  data,
  context,
  metadata,
  idempotency_key,
}: RecordedEvent): object {
  return { timestamp, event, source, data, context, metadata, idempotency_key };
}

/** Absent, null and empty mean the same, but in what is the caller's own. */
function withoutNothing(input: object): object {
  const has = (value: unknown): boolean =>
    value != null && !(typeof value === 'object' && Object.keys(value).length === 0);
  return Object.fromEntries(
    Object.entries(input).flatMap(([key, value]: [string, unknown]) => {
      if (key === 'data') return [[key, value]];
      const kept = key === 'source' || key === 'context' ? withoutNothing(value ?? {}) : value;
      return has(kept) ? [[key, kept]] : [];
    }),
  );
}

/** Whether its last event is the run's end. */
function endsItself(events: EventInput[]): boolean {
  const last = events.at(-1);
  return JSON.stringify(last?.event).includes('lifecycle') && last?.source == null;
}

/** A run's events are `lifecycle.started`, the recording, and, where that has no end of its own, an end. */
function assertEqualsRecording(events: RecordedEvent[], { events: recorded }: Recording): void {
  expect(typeOf(events[0]!)).toBe('lifecycle.started');
  expect(typeOf(events.at(-1)!)).toBe('lifecycle.completed');
  assertSequences(events, 1, recorded.length + (endsItself(recorded) ? 1 : 2));
  for (const [n, input] of recorded.entries()) {
    expect(withoutNothing(asInput(events[n + 1]!))).toEqual({
      timestamp: events[n + 1]!.timestamp,
      ...withoutNothing(input),
    });
    expect(JSON.stringify(events[n + 1]!.data)).toBe(JSON.stringify(input.data));
  }
}

describe('A recording of a run', () => {
  it.each(recordings.map((recording) => [recording.name, recording] as const))(
    '%s: posted while two watchers follow, one cut and resumed twice; both and the history equal it',
    async (name, recording) => {
      const apis = services.map((service) => bed.client(service));
      const [api, other] = apis as [Client, Client];
      const { id: runId } = await api.createRun({ task: `play ${name}` });
      const steady = await other.watch(runId);
      const total = recording.events.length;
      const cuts = [Math.ceil(total / 3), Math.ceil((total * 2) / 3)];
      const cut = watchWithCuts(apis, runId, cuts);
      const from = Date.now();
      const answer = await post(api, services[0].url, runId, recording.file);
      const postedMs = Date.now() - from;
      expect(answer).toMatchObject({ count: total, duplicates: 0 });
      if (!endsItself(recording.events)) await other.append(runId, terminal());
      await steady.untilEnd(60_000);
      const history = await other.history(runId);
      for (const events of [steady.events, await cut, history]) assertEqualsRecording(events, recording);
      expect(await cut).toEqual(history);
      expect(steady.events).toEqual(history);
      expect(await api.run(runId)).toMatchObject({ status: 'completed', sequence: history.length });
      report(
        `${name}: ${total} events posted ${hasCurl ? 'by curl' : 'without curl'} in ${postedMs} ms; watcher, watcher ` +
          `cut after ${cuts.join(' and ')}, and history equal it event by event`,
      );
    },
  );
});
