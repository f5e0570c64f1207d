import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { expectError, type Client } from '../conformance/client.js';
import { EVENT_ID, eventOf, numberedRange, terminal, type JsonObject } from '../conformance/model.js';
import { assertSequences, type Watcher } from '../conformance/watcher.js';
import { eventually } from '../support/eventually.js';
import type { Serving } from '../support/service.js';
import { TestBed } from '../support/test-bed.js';

const bed = new TestBed();

const NO_SUCH_RUN = 'r0_00000000000000000000000000';

/** What breaks framing, parsers or terminals. */
const NASTY: Record<string, string> = {
  'line feeds': 'a\nb\n\nc',
  'carriage returns': 'a\rb\r\n\r\nc\r',
  'line and paragraph separators': 'a\u2028b\u2029c\u0085d',
  NUL: 'a\0b\0',
  emoji: '👩‍👩‍👧‍👦 and 🏴󠁧󠁢󠁳󠁣󠁴󠁿',
  'half of an emoji': '\ud83d and \udc69',
  'what looks like frames':
    'x\n\ndata: {"n":1}\n\nid: 7-7\nevent: close\ndata: {}\n\n: comment\nretry: 1\n\n',
  'a byte order mark': '\ufeffa\ufeff',
  quotes: '"\\"\\u0000</script><!--',
  'all of ASCII': Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)).join(''),
};

let service: Serving;
let api: Client;

beforeAll(async () => {
  service = await bed.serveHere({
    SSE_HEARTBEAT_MS: '150',
    EVENT_MAX_LENGTH: '100',
  });
  api = bed.client(service);
});

afterAll(() => bed.close());

/** Everything that moved the client's cursor, and everything that should have. */
function assertOnlyCursors(watcher: Watcher, ids: ReadonlySet<string>): void {
  expect(watcher.silent).toEqual([]);
  for (const frame of watcher.frames) {
    expect(frame.lines.filter((line) => line.startsWith('id:'))).toEqual([`id: ${frame.id}`]);
    expect(ids).toContain(frame.id);
  }
  const idLines = watcher.raw.split('\n').filter((line) => line.startsWith('id'));
  expect(idLines).toHaveLength(watcher.frames.length);
}

describe('Frames', () => {
  it('T11 only cursors ever stand in an id: and every frame has one', async () => {
    const { id: runId } = await api.createRun();
    for (let n = 0; n < 8; n++) await api.append(runId, numberedRange(1, 100));
    const log = await api.history(runId);
    const ids = new Set(log.map(({ id }) => id));
    const first = log[0]!.id;
    const [ms, sequence] = first.split('-').map(Number);
    // Where a trimmed stream begins: just before the first event that there is.
    const before = `${ms}-${sequence! - 1}`;
    ids.add(before);
    const quiet = { beats: (watcher: Watcher) => watcher.comments.length >= 3 };
    const watchers: Watcher[] = [
      await api.watch(runId),
      await api.watch(runId, { query: { named: 'false' } }),
      await api.watch(runId, { query: { from: 'tail' } }),
      await api.watch(runId, { query: { type: 'gate.*' } }),
      await api.watch(runId, { lastEventId: log.at(-1)!.id }),
      await api.watch(runId, { lastEventId: `${ms}-1` }),
    ];
    for (const watcher of watchers) await watcher.until('three comments', () => quiet.beats(watcher));
    const { last_id } = await api.append(runId, terminal());
    ids.add(last_id);
    // A filter that has let nothing through yet stands where the client began.
    ids.add('0-0');
    for (const watcher of watchers) assertOnlyCursors(await watcher.untilEnd(), ids);
    expect(watchers.every((watcher) => watcher.frames.some((frame) => frame.retryMs !== null))).toBe(true);
    const retries = watchers.map((watcher) =>
      watcher.raw.split('\n').filter((line) => line.startsWith('retry')),
    );
    expect(retries.map((lines) => lines.length)).toEqual(watchers.map(() => 1));
  });

  it.each(Object.entries(NASTY))(
    'T21 %s arrive as they were, live, in the replay and in history',
    async (_, text) => {
      const { id: runId } = await api.createRun();
      const data: JsonObject = { text, [text]: [text, { [text]: text }] };
      const live = await api.watch(runId);
      const { last_id } = await api.append(runId, eventOf('llm.stream', data, { metadata: data }));
      await api.appendLines(runId, [eventOf('llm.stream', data, { metadata: data })]);
      await api.append(runId, terminal());
      const replayed = await (await api.watch(runId)).untilEnd();
      await live.untilEnd();
      for (const events of [live.events, replayed.events, await api.history(runId)]) {
        assertSequences(events, 1, 4);
        for (const n of [1, 2]) expect(events[n]).toMatchObject({ data, metadata: data });
      }
      for (const watcher of [live, replayed]) {
        expect(watcher.events[1]?.id).toBe(last_id);
        // One line of data and nothing else that a parser could take for one.
        expect(
          watcher.frames.map((frame) => frame.lines.filter((line) => line.startsWith('data:')).length),
        ).toEqual(watcher.frames.map(() => 1));
        expect(watcher.controls.map(({ event }) => event)).toEqual(['close']);
      }
    },
  );

  it('T21 data of 1 MiB, and empty data, arrive whole', async () => {
    const { id: runId } = await api.createRun();
    const live = await api.watch(runId);
    const most = { text: '😀'.repeat(1024 * 256).slice(0, -20) };
    await api.append(runId, [eventOf('llm.stream', most), eventOf('llm.stream', {}), terminal()]);
    await live.untilEnd();
    const replayed = await (await api.watch(runId)).untilEnd();
    for (const events of [live.events, replayed.events]) {
      expect(events[1]?.data['text'] === most.text).toBe(true);
      expect(events[2]?.data).toEqual({});
    }
  });
});

describe('What is known before the first byte', () => {
  const refused: [string, (runId: string) => string, number, string][] = [
    ['a run that is not there', () => `/runs/${NO_SUCH_RUN}/events/stream`, 404, 'RUN_NOT_FOUND'],
    ['a run id that is none', () => `/runs/x%7Dy*/events/stream`, 404, 'RUN_NOT_FOUND'],
    ['a malformed cursor', (id) => `/runs/${id}/events/stream?last_event_id=7`, 400, 'INVALID_EVENT_ID'],
    ['an unknown start', (id) => `/runs/${id}/events/stream?from=middle`, 400, 'VALIDATION_FAILED'],
    ['an unknown parameter', (id) => `/runs/${id}/events/stream?form=tail`, 400, 'VALIDATION_FAILED'],
    ['an unknown type', (id) => `/runs/${id}/events/stream?type=no.such`, 400, 'UNKNOWN_EVENT_TYPE'],
    ['a wrong flag', (id) => `/runs/${id}/events/stream?named=maybe`, 400, 'VALIDATION_FAILED'],
  ];

  it.each(refused)('T17 %s has its real status', async (_, path, status, code) => {
    const { id: runId } = await api.createRun();
    for (const accept of ['text/event-stream', '*/*']) {
      expectError(await api.request('GET', path(runId), { headers: { accept } }), status, code);
    }
  });

  it('T17 a malformed Last-Event-ID has its real status', async () => {
    const { id: runId } = await api.createRun();
    for (const lastEventId of ['7', 'a-b', '1-2-3', '-1-1', '1-', `${'9'.repeat(30)}-1`]) {
      expectError(await api.streamReply(runId, { lastEventId }), 400, 'INVALID_EVENT_ID');
    }
  });

  it('T17 a run whose events are past their retention is 410, also for one who returns', async () => {
    const forgetful = bed.client(await bed.serveHere({ EVENT_TTL_SECONDS: '1' }));
    const { id: runId } = await forgetful.createRun();
    const { last_id } = await forgetful.append(runId, numberedRange(1, 3));
    await forgetful.append(runId, terminal());
    const path = `/runs/${runId}/events`;
    await eventually('they are gone', async () => (await forgetful.get(path)).status === 410);
    expectError(await forgetful.streamReply(runId), 410, 'RUN_EXPIRED');
    expectError(await forgetful.streamReply(runId, { lastEventId: last_id }), 410, 'RUN_EXPIRED');
  });

  it('T17 the headers are there before the first event', async () => {
    const { id: runId } = await api.createRun();
    await api.append(runId, terminal());
    const outgoing = request(`${service.url}/runs/${runId}/events/stream?type=gate.*`);
    outgoing.end();
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^text\/event-stream/);
    expect(answer.headers['cache-control']).toMatch(/no-cache.*no-transform/);
    expect(answer.headers['x-accel-buffering']).toBe('no');
    answer.destroy();
  });
});

describe('A watcher that sees nothing', () => {
  it('T18 a filter that hides the end still gets close, and then 204', async () => {
    const { id: runId } = await api.createRun();
    const watcher = await api.watch(runId, { query: { type: 'gate.*' } });
    const { last_id } = await api.append(runId, [...numberedRange(1, 3), terminal()]);
    await watcher.untilEnd();
    expect(watcher.events).toEqual([]);
    expect(watcher.frames.at(-1)).toMatchObject({ event: 'close', id: last_id });
    const again = await api.streamReply(runId, {
      lastEventId: watcher.lastEventId,
      query: { type: 'gate.*' },
    });
    expect(again.status).toBe(204);
  });

  it.each([
    ['a filter', { type: 'gate.*' }],
    ['from=tail', { from: 'tail' }],
  ])('T18 with %s resumes where it really was', async (_, query) => {
    const { id: runId } = await api.createRun();
    await api.append(runId, numberedRange(1, 5));
    const watcher = await api.watch(runId, { query });
    await watcher.untilControl('cursor');
    const { last_id } = await api.append(runId, numberedRange(6, 8));
    if ('type' in query) {
      await watcher.until('a cursor past what it hides', () => watcher.lastEventId === last_id);
    } else await watcher.untilEvents(3);
    watcher.cut();
    await api.append(runId, eventOf('gate.requested', { n: 9 }));
    const resumed = await api.watch(runId, { query, lastEventId: watcher.lastEventId });
    const [event] = await resumed.untilEvents(1);
    expect(event?.data).toEqual({ n: 9 });
    expect(watcher.lastEventId).toMatch(EVENT_ID);
  });
});
