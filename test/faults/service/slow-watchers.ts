import { type ClientRequest, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../support/eventually.js';
import { ask } from './ask.js';
import { residentMiB } from './instance.js';
import { RawStream } from './raw-stream.js';
import { openStage, type Stage } from './stage.js';
import { isFlat, trendOf } from './trend.js';

export interface SlowWatchersOptions {
  watchers: number;
  /** Of these, how many read 1 KiB/s and how many nothing. Default: a fifth and a tenth. */
  slow?: number;
  silent?: number;
  seconds: number;
  eventsPerSecond: number;
}

const MIB = 1024 * 1024;
/** Every so many-th event is so large; all others are small. */
const SIZES = [
  { every: 200, bytes: MIB - 1024 },
  { every: 20, bytes: 32 * 1024 },
] as const;
const SMALL_BYTES = 200;
/** Noise of the garbage collector, in MiB. */
const ALLOWANCE_MIB = 60;
const MAX_CONTROL_SECONDS = 60;
const CAUGHT_UP_WITHIN_MS = 30_000;

interface Measured {
  events: number;
  /** Frames that fast watchers have too many or too few. */
  lost: number;
  p50: number;
  p99: number;
  max: number;
  rss: { at: number; value: number }[];
  /** Times that watchers came back since they had been cut: fast ones, and others. */
  fastReturns: number;
  slowReturns: number;
}

/**
 * Many watchers of one run, some of whom read slowly or not at all, beside the same without these. Prints both. True when
 * the fast ones got everything and memory did not grow without end.
 */
export async function slowWatchers(
  options: SlowWatchersOptions,
  say: (text: string) => void,
): Promise<boolean> {
  const { watchers, seconds } = options;
  const { slow = Math.round(watchers / 5), silent = Math.round(watchers / 10) } = options;
  const fast = watchers - slow - silent;
  const counts = { fast, slow, silent };
  say(`${watchers} watchers of one run: ${slow} read 1 KiB/s, ${silent} read nothing; ${seconds} s`);
  const stage = await openStage({ instances: 1 });
  try {
    const control = await measure(
      stage,
      { ...counts, slow: 0, silent: 0 },
      Math.min(seconds, MAX_CONTROL_SECONDS),
      options,
    );
    print('without slow ones', control, say);
    const found = await measure(stage, counts, seconds, options);
    print('with slow ones', found, say);
    const trend = trendOf(found.rss);
    const flat = isFlat(trend, ALLOWANCE_MIB);
    if (!flat) say(`  resident memory grew from ${trend.first.toFixed(0)} to ${trend.final.toFixed(0)} MiB`);
    for (const { lost, fastReturns } of [control, found]) {
      if (lost > 0) say(`  fast watchers have ${lost} frames too many or too few`);
      if (fastReturns > 0) say(`  fast watchers were cut ${fastReturns} times`);
    }
    return flat && [control, found].every(({ lost, fastReturns }) => lost + fastReturns === 0);
  } finally {
    await stage.close();
  }
}

async function measure(
  stage: Stage,
  counts: { fast: number; slow: number; silent: number },
  seconds: number,
  { eventsPerSecond }: SlowWatchersOptions,
): Promise<Measured> {
  const [instance] = stage.instances;
  const { pid } = instance!;
  const answer = await ask(`${instance!.url}/runs`, {
    method: 'POST',
    body: JSON.stringify({ task: 'watched' }),
  });
  const run = `${instance!.url}/runs/${String(answer.body['id'])}`;
  /** When the event of each sequence was sent. */
  const sentAt: number[] = [];
  const latencies: number[] = [];
  const streams: RawStream[] = [];
  const open = (pace: RawStream['pace'], count: number): RawStream[] => {
    const opened = Array.from({ length: count }, () => {
      const onFrame = (sequence: number): void => {
        const at = sentAt[sequence];
        if (at !== undefined) latencies.push(performance.now() - at);
      };
      return new RawStream(new URL(`${run}/events/stream`), pace, pace === 'fast' ? onFrame : undefined);
    });
    streams.push(...opened);
    for (const stream of opened) stream.open();
    return opened;
  };
  const rss: Measured['rss'] = [];
  const startedAt = performance.now();
  const timer = setInterval(() => {
    void residentMiB(pid ?? 0).then((value) => {
      if (value !== undefined) rss.push({ at: (performance.now() - startedAt) / 1000, value });
    });
  }, 1000);
  try {
    const fast = open('fast', counts.fast);
    const others = [...open('slow', counts.slow), ...open('silent', counts.silent)];
    await eventually('every fast watcher has the start of the run', () =>
      fast.every(({ frames }) => frames > 0),
    );
    const events = Math.round(seconds * eventsPerSecond);
    const upload = openUpload(`${run}/events`);
    for (let n = 1; n <= events; n++) {
      // The run's first event is its start.
      sentAt[n + 1] = performance.now();
      upload.write(eventOf(n));
      const aheadMs = (n / eventsPerSecond) * 1000 - (performance.now() - startedAt);
      if (aheadMs > 0) await delay(aheadMs);
    }
    upload.end();
    const deadline = performance.now() + CAUGHT_UP_WITHIN_MS;
    while (fast.some(({ frames }) => frames < events + 1) && performance.now() < deadline) await delay(100);
    latencies.sort((a, b) => a - b);
    const at = (share: number): number => latencies[Math.ceil(latencies.length * share) - 1] ?? NaN;
    return {
      events,
      lost: fast.reduce((sum, { frames }) => sum + Math.abs(events + 1 - frames), 0),
      p50: at(0.5),
      p99: at(0.99),
      max: at(1),
      rss,
      fastReturns: returnsOf(fast),
      slowReturns: returnsOf(others),
    };
  } finally {
    clearInterval(timer);
    for (const stream of streams) stream.close();
  }
}

function returnsOf(streams: readonly RawStream[]): number {
  return streams.reduce((sum, { returns }) => sum + returns, 0);
}

function openUpload(url: string): ClientRequest {
  const upload = request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    agent: false,
  });
  upload.flushHeaders();
  // What does not arrive shows in the count.
  upload.on('error', () => undefined);
  upload.on('response', (response) => response.resume());
  return upload;
}

function eventOf(n: number): string {
  const bytes = SIZES.find(({ every }) => n % every === 0)?.bytes ?? SMALL_BYTES;
  // A type that is not in the journal: handlers would write to the same run.
  const event = { event: { category: 'llm', action: 'stream' }, data: { content: 'x'.repeat(bytes) } };
  return `${JSON.stringify(event)}\n`;
}

function print(
  name: string,
  { events, p50, p99, max, rss, slowReturns }: Measured,
  say: (text: string) => void,
): void {
  const { min, max: most, last, slopePerMinute } = trendOf(rss);
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  say(
    `  ${name.padEnd(18)} ${events} events; append to frame, fast ones: p50 ${ms(p50)}, p99 ${ms(p99)}, max ${ms(max)}; ` +
      `RSS min ${min.toFixed(0)}, max ${most.toFixed(0)}, last ${last.toFixed(0)} MiB, ` +
      `${slopePerMinute.toFixed(1)} MiB/min in the second half; slow ones came back ${slowReturns} times`,
  );
}
