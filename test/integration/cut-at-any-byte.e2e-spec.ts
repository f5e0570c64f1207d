import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fetchEventSource } from '@microsoft/fetch-event-source';
import { getLines, getMessages } from '@microsoft/fetch-event-source/lib/cjs/parse.js';
import EventSource2 from 'eventsource2';
import type { Client } from '../conformance/client.js';
import {
  eventOf,
  numberedRange,
  terminal,
  type EventInput,
  type RecordedEvent,
} from '../conformance/model.js';
import { eventually } from '../support/eventually.js';
import { report } from '../support/report-line.js';
import { SeededRandom, seedFromEnvironment } from '../support/seeded-random.js';
import type { Serving } from '../support/service.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { TestBed } from '../support/test-bed.js';

const CUTS = 50;
const TYPES = ['lifecycle.started', 'log.stdout', 'lifecycle.completed'];

/** What a client heard, in its order: the data of each message, and the names of those without. */
interface Heard {
  data: string[];
  empty: string[];
}

/** Watches to the end of the run, coming back as the client itself does. */
type Watch = (url: string, heard: Heard) => Promise<void>;

const fetchEventSourceClient: Watch = (url, { data, empty }) =>
  fetchEventSource(url, {
    openWhenHidden: true,
    onmessage: (message) => {
      if (message.data === '') empty.push(JSON.stringify(message));
      else if (message.event !== 'close') data.push(message.data);
    },
  });

interface EventSourceLike {
  addEventListener(name: string, listener: (message: { type: string; data: string }) => void): void;
  close(): void;
}

const eventSource2Client: Watch = (url, { data, empty }) =>
  new Promise((resolve) => {
    const source = new EventSource2(url) as EventSourceLike;
    for (const name of ['message', ...TYPES, 'close'])
      source.addEventListener(name, (message) => {
        if (message.data === '') empty.push(message.type);
        // It keeps the data of a frame that was cut, and puts the next frame's behind it: a line for each.
        else data.push(...message.data.split('\n').filter((line) => line.startsWith('{"id"')));
        if (name !== 'close') return;
        source.close();
        resolve();
      });
  });

const bed = new TestBed();
let service: Serving;
let api: Client;

beforeAll(async () => {
  // What fetch-event-source looks for in a browser.
  Object.assign(globalThis, { window: globalThis, document: new EventTarget() });
  service = await bed.serveHere({ SSE_RETRY_MS: '1', SSE_HEARTBEAT_MS: '100' });
  api = bed.client(service);
});
afterAll(() => bed.close());

/** Some of five characters, some of kilobytes. */
function anyLine(random: SeededRandom): EventInput {
  return eventOf('log.stdout', { line: 'x'.repeat(Math.round(5 * 1000 ** random.next())) });
}

function sequencesOf(data: readonly string[]): number[] {
  return data.map((json) => (JSON.parse(json) as RecordedEvent).sequence);
}

/**
 * Clients in use that take an id when they read its line, and not with its frame as a browser does. No order of lines
 * saves the event of a frame that lacks nothing but its last line feed: its id is taken then, and it is not. Of all
 * other bytes a cut may keep any.
 */
describe('A client that takes an id when it reads its line', () => {
  it('T13 loses nothing, wherever its line is cut once, but at the very last byte of a frame', async () => {
    const { id: runId } = await api.createRun();
    await api.append(runId, [...numberedRange(2, 4), terminal()]);
    const url = `${service.url}/runs/${runId}/events/stream`;
    const streams = new Map<string, Uint8Array>();
    const streamAfter = async (id: string): Promise<Uint8Array> => {
      const known = streams.get(id);
      if (known) return known;
      const response = await fetch(url, id ? { headers: { 'Last-Event-ID': id } } : {});
      const bytes = new Uint8Array(await response.arrayBuffer());
      streams.set(id, bytes);
      return bytes;
    };
    const whole = await streamAfter('');
    const text = Buffer.from(whole).toString('latin1');
    const atLastByte: number[] = [];
    const incomplete: number[] = [];
    for (let cut = 0; cut <= whole.length; cut++) {
      let lastId = '';
      const heard: string[] = [];
      const read = (bytes: Uint8Array): void => {
        getLines(
          getMessages(
            (id) => (lastId = id),
            () => undefined,
            (message) => heard.push(message.event === 'close' ? 'close' : message.data),
          ),
        )(bytes);
      };
      read(whole.subarray(0, cut));
      if (heard.at(-1) !== 'close') read(await streamAfter(lastId));
      const events = heard.filter((data) => data !== 'close');
      if (/\nid: [^\n]*\n$/.test(text.slice(0, cut))) atLastByte.push(cut);
      if (sequencesOf(events).join() !== '1,2,3,4,5') incomplete.push(cut);
    }
    expect(atLastByte).toHaveLength(6);
    expect(incomplete).toEqual(atLastByte.slice(0, 5));
  });

  it.each([
    ['@microsoft/fetch-event-source', fetchEventSourceClient],
    ['eventsource@2', eventSource2Client],
  ])('T13 %s hears everything of a growing run, cut fifty times', async (name, watch) => {
    const random = new SeededRandom(seedFromEnvironment());
    report(`cut at any byte: SEED=${random.seed}`);
    let cuts = 0;
    const atLastByte = new Set<string>();
    const proxy = await startTcpProxy(Number(new URL(service.url).port), () =>
      cuts >= CUTS
        ? undefined
        : {
            afterBytes: random.integer(1, 6000),
            onCut: (last) => {
              cuts++;
              const id = /\nid: ([^\n]*)\n$/.exec(last.toString('latin1'))?.[1];
              if (id !== undefined) atLastByte.add(id);
            },
          },
    );
    bed.onClose(() => proxy.close());
    const { id: runId } = await api.createRun();
    const heard: Heard = { data: [], empty: [] };
    const watching = watch(`http://127.0.0.1:${proxy.port}/runs/${runId}/events/stream`, heard);
    for (let appended = 0; cuts < CUTS;) {
      const lines = Array.from({ length: random.integer(1, 9) }, () => anyLine(random));
      await api.append(runId, lines);
      appended += lines.length;
      // On a slow machine it would otherwise be trimmed before it is watched.
      await eventually('it follows', () => cuts >= CUTS || heard.data.length > appended - 500);
    }
    await eventually('it has caught up', async () => {
      return sequencesOf(heard.data.slice(-1))[0] === (await api.run(runId)).sequence;
    });
    // All hearts of a service beat at once.
    const other = await api.watch(runId, { query: { from: 'tail' } });
    await other.until('a heartbeat', () => other.comments.length > 0);
    await api.append(runId, terminal());
    await watching;

    const stored = await api.history(runId);
    const seen = new Set<string>();
    const once = heard.data
      .map((json) => JSON.parse(json) as RecordedEvent)
      .filter(({ id }) => !seen.has(id) && seen.add(id));
    const savable = stored.filter(({ id }) => seen.has(id) || !atLastByte.has(id));
    expect(once.map(({ sequence }) => sequence)).toEqual(savable.map(({ sequence }) => sequence));
    expect(once).toEqual(savable);
    expect(heard.empty).toEqual([]);
    report(
      `${name}: ${stored.length} events, cut ${cuts} times, ${heard.data.length - once.length} again, ` +
        `${stored.length - once.length} lost of ${atLastByte.size} cut at their last byte`,
    );
  });
});
