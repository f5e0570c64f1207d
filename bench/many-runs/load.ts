/**
 * The load of many runs: for each an upload that stays open and a watcher. Sender and watchers are in this one
 * process, so that one clock measures the way of each event.
 */
import type { Socket } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Latencies, round } from '../support/latencies.js';
import { answerJobs } from '../support/load-process.js';
import { pace } from '../support/pace.js';
import { assertOk, connectTo, requestHead } from '../support/raw-http.js';
import { eventOf } from '../support/runs.js';

export type ManyRunsJob =
  | { kind: 'open'; places: readonly { events: string; stream: string }[] }
  | { kind: 'measure'; rate: number; seconds: number };

export interface Measured {
  sent: number;
  /** How long sending took; longer than it should when this process can't keep up. */
  seconds: number;
  latencies: ReturnType<Latencies['summary']>;
  /** From the last event sent until the last frame was there, in milliseconds; undefined: some never came. */
  lastFrameAfterMs: number | undefined;
  ownDelayP99Ms: number;
}

const AT_ONCE = 100;
const LAST_FRAMES_MS = 20_000;
const [BEFORE_N = '', AFTER_N = ''] = eventOf('llm.stream', { n: 0 }).split('0,');

const uploads: Socket[] = [];
let sentAt: number[] = [];
let generation = 0;
let latencies = new Latencies();

await answerJobs(async (job: ManyRunsJob): Promise<Measured | undefined> => {
  if (job.kind === 'measure') return measure(job.rate, job.seconds);
  for (let i = 0; i < job.places.length; i += AT_ONCE) {
    await Promise.all(
      job.places.slice(i, i + AT_ONCE).map(async ({ events, stream }) => {
        await watch(new URL(stream));
        uploads.push(await beginUpload(new URL(events)));
      }),
    );
  }
  return undefined;
});

async function measure(rate: number, seconds: number): Promise<Measured> {
  generation += 1;
  sentAt = [];
  latencies = new Latencies();
  const ownDelay = monitorEventLoopDelay({ resolution: 1 });
  ownDelay.enable();
  const paced = await pace(rate, seconds, (n) => {
    const line = `${BEFORE_N}${generation}.${String(n).padStart(9, '0')}1,${AFTER_N}\n`;
    sentAt.push(performance.now());
    uploads[n % uploads.length]!.write(`${line.length.toString(16)}\r\n${line}\r\n`);
  });
  const sentAll = performance.now();
  ownDelay.disable();
  while (latencies.count < paced.sent && performance.now() < sentAll + LAST_FRAMES_MS) await delay(5);
  return {
    ...paced,
    latencies: latencies.summary(),
    lastFrameAfterMs: latencies.count < paced.sent ? undefined : round(performance.now() - sentAll),
    ownDelayP99Ms: round(ownDelay.percentile(99) / 1e6),
  };
}

async function watch(url: URL): Promise<void> {
  const socket = await connectTo(url);
  socket.setEncoding('latin1');
  let rest = '';
  const begun = new Promise((resolve) => socket.once('data', resolve));
  socket.on('data', (chunk: string) => {
    const text = rest + chunk;
    const now = performance.now();
    for (const [, of, n] of text.matchAll(/"data":\{"n":(\d+)\.(\d{9})1,/g)) {
      if (Number(of) === generation) latencies.add(now - sentAt[Number(n)]!);
    }
    const end = text.lastIndexOf('\n\n');
    rest = end < 0 ? text : text.slice(end);
  });
  socket.on('error', fail);
  socket.on('end', () => {
    fail(new Error('A watcher was cut.'));
  });
  socket.write(requestHead('GET', url, { Accept: 'text/event-stream' }));
  await begun;
}

async function beginUpload(url: URL): Promise<Socket> {
  const socket = await connectTo(url);
  const headers = { 'Content-Type': 'application/x-ndjson', 'Transfer-Encoding': 'chunked' };
  socket.write(requestHead('POST', url, headers));
  socket.on('error', fail);
  socket.on('data', (answer) => {
    assertOk(String(answer));
  });
  return socket;
}

function fail(error: Error): never {
  console.error(error);
  process.exit(1);
}
