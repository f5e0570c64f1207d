import { setTimeout as delay } from 'node:timers/promises';
import { TestKeys, type TestKey } from '../../access/keys.js';
import { type Child, startChild, startScript } from '../../support/child.js';
import { eventually } from '../../support/eventually.js';
import { startRedis } from '../../support/redis.js';
import { errorText } from '../../../src/common/index.js';
import type { Target } from './hostile-attacks.js';
import { residentMiB } from './instance.js';

export interface HostileOptions {
  /** How long the load lasts, after a quiet time of a tenth of that. */
  seconds: number;
  /** Of the well-behaved tenant, requests a second. */
  rate: number;
  /** The service's program: dist/main.js. */
  program: string;
}

const MIB = 1024 * 1024;
const JSON_TYPE = { 'Content-Type': 'application/json' };
const MAX_FACTOR = 3;
const RELEASED_WITHIN_MS = 1000;
/** A request without an answer has failed then. */
const ANSWERED_WITHIN_MS = 60_000;
/** How often the load says how it goes. */
const WINDOW_MS = 10_000;

interface Figures {
  requests: number;
  refused: number;
  failed: number;
  /** Why requests were refused, and how often. */
  reasons: ReadonlyMap<string, number>;
  p50: number;
  p99: number;
  max: number;
}

/**
 * One credential that does all it can, beside a tenant that behaves: it pipelines, reads slowly or not at all, hangs up
 * on filtered reads, catches up from the beginning by the dozen, waits, sends slowly, sends bombs, asks for big lists.
 * True when the other tenant was not refused, was about as quick as before, and everything was given back.
 */
export async function hostile(options: HostileOptions, say: (text: string) => void): Promise<boolean> {
  const redis = await startRedis();
  const keys = await TestKeys.open(redis.url);
  const child = startChild(process.execPath, [options.program], {
    env: {
      ...process.env,
      NODE_ENV: 'test',
      PORT: '0',
      REDIS_URL: redis.url,
      AUTH_MODE: 'api-key',
      MULTI_TENANCY_ENABLED: 'true',
      METRICS_PORT: '0',
      EVENT_MAX_LENGTH: '100000',
    },
  });
  let attackers: Child | undefined;
  try {
    const url = /http:\/\/[\d.]+:\d+/.exec(await child.line(/Serving on http/))?.[0] ?? '';
    const metricsUrl = /http:\/\/\S+\/metrics/.exec(await child.line(/Metrics are at/))?.[0] ?? '';
    const [greedy, good] = await Promise.all([keys.create('greedy'), keys.create('good')]);
    const target: Target = { url, key: greedy, run: await fillRun(url, greedy, 140) };
    const goodRun = await createRun(url, good);
    for (let n = 0; n < 40; n++) await createRun(url, greedy, { input: { text: 'x'.repeat(1_000_000) } });
    const quietSeconds = Math.max(10, options.seconds / 10);
    const before = await behave(url, good, goodRun, options.rate, quietSeconds);
    print('quiet', before, say);
    const rssBefore = (await residentMiB(child.pid)) ?? 0;
    attackers = startScript('test/faults/service/hostile-attacks.ts', [JSON.stringify(target)]);
    let rssPeak = 0;
    const sampling = setInterval(() => {
      void residentMiB(child.pid).then((now) => (rssPeak = Math.max(rssPeak, now ?? 0)));
    }, 500);
    const watching = new AbortController();
    const windows = sayWindows(metricsUrl, watching.signal, say);
    const during = await behave(url, good, goodRun, options.rate, options.seconds);
    watching.abort();
    await windows;
    clearInterval(sampling);
    print('hostile', during, say);
    attackers.process.kill('SIGKILL');
    await attackers.exit();
    const released = await untilReleased(metricsUrl);
    const factor = during.p99 / before.p99;
    say(
      `  p99 ${factor.toFixed(1)} × the quiet one; resident ${rssBefore.toFixed(0)} MiB, at most ${rssPeak.toFixed(0)} MiB`,
    );
    say(`  all bounds back to zero ${released.toFixed(0)} ms after the hostile ones were gone`);
    return during.refused + during.failed === 0 && factor <= MAX_FACTOR && released <= RELEASED_WITHIN_MS;
  } finally {
    attackers?.process.kill('SIGKILL');
    child.process.kill('SIGTERM');
    await child.exit();
    await keys.close();
    await redis.stop();
  }
}

/** A tenant that appends, reads and lists, at so many requests a second. */
async function behave(
  url: string,
  { headers }: TestKey,
  run: string,
  rate: number,
  seconds: number,
): Promise<Figures> {
  const times: number[] = [];
  const figures = { refused: 0, failed: 0, reasons: new Map<string, number>() };
  const event = JSON.stringify({ event: { category: 'llm', action: 'stream' }, data: { content: 'token' } });
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(url + path, {
      ...init,
      headers: { ...headers, ...JSON_TYPE },
      signal: AbortSignal.timeout(ANSWERED_WITHIN_MS),
    });
  const asks = [
    () => ask(`/runs/${run}/events`, { method: 'POST', body: event }),
    () => ask(`/runs/${run}`),
    () => ask(`/runs/${run}/events?limit=20&order=desc`),
    () => ask('/runs?limit=20'),
  ];
  const count = (reason: string, n: number): void => {
    const what = `${['append', 'get', 'history', 'list'][n % asks.length]}: ${reason}`;
    figures.reasons.set(what, (figures.reasons.get(what) ?? 0) + 1);
  };
  const began = performance.now();
  const pending: Promise<void>[] = [];
  const total = Math.round(rate * seconds);
  for (let n = 0; n < total; n++) {
    const dueMs = began + (n * 1000) / rate - performance.now();
    if (dueMs > 0) await delay(dueMs);
    const from = performance.now();
    const time = async (): Promise<void> => {
      try {
        const answer = await asks[n % asks.length]!();
        const text = await answer.text();
        if (answer.status === 503) {
          figures.refused++;
          const { message } = JSON.parse(text) as { message: string };
          count(message, n);
        } else if (!answer.ok) {
          figures.failed++;
          count(text, n);
        }
        times.push(performance.now() - from);
        latest.push(performance.now() - from);
      } catch (error) {
        figures.failed++;
        count(errorText(error), n);
      }
    };
    pending.push(time());
    if (pending.length > 1000) await Promise.all(pending.splice(0));
  }
  await Promise.all(pending);
  times.sort((a, b) => a - b);
  const at = (part: number) => times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? 0;
  return { requests: total, ...figures, p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** Times of the well-behaved tenant since somebody has looked. */
const latest: number[] = [];

/** How each part of the load goes: what is in use, what was refused for want of it, and how long answers took. */
async function sayWindows(
  metricsUrl: string,
  signal: AbortSignal,
  say: (text: string) => void,
): Promise<void> {
  const before = new Map<string, number>();
  for (let seconds = WINDOW_MS / 1000; ; seconds += WINDOW_MS / 1000) {
    try {
      await delay(WINDOW_MS, undefined, { signal });
    } catch {
      return;
    }
    const times = latest.splice(0).sort((a, b) => a - b);
    const at = (part: number) => (times[Math.floor(times.length * part)] ?? 0).toFixed(0);
    const text = await (await fetch(metricsUrl)).text();
    const inUse = [...text.matchAll(/^runstream_in_use\{bound="(\w+)"\} ([1-9]\d*)/gm)].map(
      ([, name, n]) => `${name} ${n}`,
    );
    const refused: string[] = [];
    for (const [, name = '', n] of text.matchAll(/^runstream_refused_total\{bound="(\w+)"\} (\d+)/gm)) {
      const since = Number(n) - (before.get(name) ?? 0);
      before.set(name, Number(n));
      if (since > 0) refused.push(`${name} ${since}`);
    }
    say(
      `  ${seconds} s: ${times.length} answers, p50 ${at(0.5)}, p99 ${at(0.99)} ms; in use ${inUse.join(', ')}; refused ${refused.join(', ')}`,
    );
  }
}

async function untilReleased(metricsUrl: string): Promise<number> {
  const from = performance.now();
  await eventually('all is given back', async () => {
    const text = await (await fetch(metricsUrl)).text();
    return [...text.matchAll(/^runstream_in_use\{bound="\w+"\} (\d+)/gm)].every(([, n]) => n === '0');
  });
  return performance.now() - from;
}

async function createRun(url: string, { headers }: TestKey, more: object = {}): Promise<string> {
  const answer = await fetch(`${url}/runs`, {
    method: 'POST',
    headers: { ...headers, ...JSON_TYPE },
    body: JSON.stringify({ task: 'hostile', ...more }),
  });
  return ((await answer.json()) as { id: string }).id;
}

/** A run with so many mebibytes of log and journal. */
async function fillRun(url: string, key: TestKey, mebibytes: number): Promise<string> {
  const run = await createRun(url, key);
  const line = `${JSON.stringify({ event: { category: 'log', action: 'stderr' }, source: { agent_id: 'a' }, data: { content: 'x'.repeat(MIB / 2) } })}\n`;
  for (let sent = 0; sent < mebibytes; sent += 10) {
    const answer = await fetch(`${url}/runs/${run}/events`, {
      method: 'POST',
      headers: { ...key.headers, 'Content-Type': 'application/x-ndjson' },
      body: line.repeat(20),
    });
    if (!answer.ok) throw new Error(`The run could not be filled: ${await answer.text()}`);
  }
  return run;
}

function print(name: string, figures: Figures, say: (text: string) => void): void {
  const { requests, refused, failed, reasons, p50, p99, max } = figures;
  say(
    `${name}: ${requests} requests, ${refused} refused, ${failed} failed; ` +
      `p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)}, max ${max.toFixed(0)} ms`,
  );
  for (const [reason, count] of reasons) say(`  ${count} × ${reason}`);
}
