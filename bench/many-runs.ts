import { Redis } from 'ioredis';
import type { Bench, BenchOptions, Finding, Row } from './bench.js';
import type { ManyRunsJob, Measured } from './many-runs/load.js';
import { LoadProcess } from './support/load-process.js';
import { redisCpuSeconds } from './support/redis-info.js';
import { createRuns } from './support/runs.js';
import { type RunstreamServer, startRunstream } from './support/server.js';

/** Tried one after the other until one is not kept up; the last is 5 events per second on each of 2000 runs. */
const RATES = [1000, 2000, 3000, 4000, 5000, 6000, 8000, 10_000];
/** A rate is kept up when the last frame is there so soon after the last event, in milliseconds, p99 is no more… */
const KEPT_UP_MS = 500;
/** …and the load itself was not late. */
const SENT_IN_TIME = 1.05;

export const manyRuns: Bench = {
  name: 'many-runs',
  measures:
    'from just before an event is sent until its frame has arrived, with many runs at the same time, each with one ' +
    'watcher and one open NDJSON upload, and the events going round the runs; at growing rates until one is not ' +
    'kept up.',
  run: async (options) => {
    const runstream = await startRunstream({ profileDir: options.profileDir });
    const redis = new Redis(runstream.redisUrl);
    const load = await LoadProcess.start<ManyRunsJob, Measured>(
      new URL('./many-runs/load.ts', import.meta.url),
    );
    try {
      options.say(`making ${options.runs} runs…`);
      await load.ask({ kind: 'open', places: await createRuns(runstream.url, options.runs) });
      await load.ask({ kind: 'measure', rate: 500, seconds: options.warmUpSeconds });
      const rows: Row[] = [];
      let best: Row | undefined;
      for (const rate of options.rate === undefined ? RATES : [options.rate]) {
        const { row, keptUp } = await measure(rate, runstream, redis, load, options);
        rows.push(row);
        if (!keptUp) break;
        best = row;
      }
      return { rows, findings: best ? [finding(best)] : [] };
    } finally {
      redis.disconnect();
      await load.stop();
      await runstream.stop();
    }
  },
};

async function measure(
  rate: number,
  runstream: RunstreamServer,
  redis: Redis,
  load: LoadProcess<ManyRunsJob, Measured>,
  { runs, seconds, say }: BenchOptions,
): Promise<{ row: Row; keptUp: boolean }> {
  const before = [await runstream.cpuSeconds(), await redisCpuSeconds(redis)] as const;
  const startedAt = performance.now();
  const measured = await load.ask({ kind: 'measure', rate, seconds });
  const took = (performance.now() - startedAt) / 1000;
  const after = [await runstream.cpuSeconds(), await redisCpuSeconds(redis)] as const;
  const keptUp =
    Math.max(measured.lastFrameAfterMs ?? Infinity, measured.latencies['p99 ms']) <= KEPT_UP_MS &&
    measured.seconds <= seconds * SENT_IN_TIME;
  const percent = (used: number): number => Math.round((used / took) * 100);
  const row = {
    runs,
    'events/s': rate,
    ...measured.latencies,
    'service CPU %': percent((after[0] ?? NaN) - (before[0] ?? NaN)),
    'Redis CPU %': percent(after[1] - before[1]),
    'service CPU µs/event': Math.round((((after[0] ?? NaN) - (before[0] ?? NaN)) / measured.sent) * 1e6),
    "load's own delay p99 ms": measured.ownDelayP99Ms,
    'kept up': keptUp ? 'yes' : 'no',
  };
  say(`${rate} events/s: p99 ${measured.latencies['p99 ms']} ms, kept up: ${row['kept up']}`);
  return { row, keptUp };
}

function finding(row: Row): Finding {
  const rate = Number(row['events/s']);
  return {
    measured: `${row['runs']} runs: highest rate kept up`,
    value: `${rate} events/s, p99 ${row['p99 ms']} ms`,
    compared: rate,
  };
}
