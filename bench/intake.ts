import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import type { Bench, BenchOptions, Finding, Report, Row } from './bench.js';
import type { Posted, PostJob } from './intake/post-load.js';
import type { Uploaded, UploadJob } from './intake/upload-load.js';
import type { Added, XaddJob } from './intake/xadd-load.js';
import { median, round } from './support/latencies.js';
import { LoadProcess } from './support/load-process.js';
import { redisCpuSeconds } from './support/redis-info.js';
import { pairedRatio, pairedRounds, spread } from './support/rounds.js';
import { createRuns, eventOf } from './support/runs.js';
import { type RunstreamServer, type Server, startRunstream, startScriptServer } from './support/server.js';

const CONNECTIONS = 32;
const UPLOADS = 16;
const PER_ARRAY = 100;
const PER_PIPELINE = 100;
/** The type that there is most of, and one that has a copy in the journal by default. */
const UNJOURNALED = 'llm.stream';
const JOURNALED = 'log.stdout';

const BARE_XADD = 'bare XADD';
const EXPRESS = 'bare Express';

interface Sample {
  perSecond: number;
  /** Processor time of the server per event or request, in microseconds. */
  serverUs: number;
  redisUs: number;
}

export const intake: Bench = {
  name: 'intake',
  measures:
    'events per second that are stored, from the first byte sent until the last answer: by NDJSON, against bare ' +
    `XADD in pipelines of ${PER_PIPELINE} from one client on the same Redis, and by single requests over ` +
    `${CONNECTIONS} connections and arrays of ${PER_ARRAY}, against a bare Express 5 route.`,
  run: async (options) => {
    const runstream = await startRunstream({ profileDir: options.profileDir });
    const express = await startScriptServer(
      fileURLToPath(new URL('./intake/bare-express.ts', import.meta.url)),
    );
    const redis = new Redis(runstream.redisUrl);
    try {
      const { samples: uploads, ...ofUploads } = await compareUploads(runstream, redis, options);
      const { samples: posts, ...ofPosts } = await comparePosts(runstream, express, redis, options);
      return {
        rows: [...ofUploads.rows, ...ofPosts.rows],
        findings: [uploadFinding(uploads), postFinding(posts)],
      } satisfies Report;
    } finally {
      redis.disconnect();
      await express.stop();
      await runstream.stop();
    }
  },
};

type Rounds = Record<string, Sample>[];

async function compareUploads(
  runstream: RunstreamServer,
  redis: Redis,
  { events, rounds, say }: BenchOptions,
): Promise<{ samples: Rounds; rows: Row[] }> {
  const uploads = await LoadProcess.start<UploadJob, Uploaded>(
    new URL('./intake/upload-load.ts', import.meta.url),
  );
  const xadd = await LoadProcess.start<XaddJob, Added>(new URL('./intake/xadd-load.ts', import.meta.url), [
    runstream.redisUrl,
  ]);
  const upload = async (runs: number, type: string): Promise<number> => {
    const urls = (await createRuns(runstream.url, runs)).map((run) => run.events);
    const lines = Math.ceil(events / runs);
    return (await uploads.ask({ urls, lines, line: eventOf(type) })).seconds;
  };
  const ways: Record<string, () => Promise<number>> = {
    [BARE_XADD]: async () =>
      (await xadd.ask({ events, perPipeline: PER_PIPELINE, payload: eventOf(UNJOURNALED) })).seconds,
    'NDJSON, one upload': () => upload(1, UNJOURNALED),
    [`NDJSON, ${UPLOADS} uploads`]: () => upload(UPLOADS, UNJOURNALED),
    'NDJSON, one upload, journaled': () => upload(1, JOURNALED),
  };
  try {
    const samples = await pairedRounds(Object.keys(ways), rounds, async (way, n) => {
      const sample = await timed(runstream, redis, async () => ({
        count: events,
        seconds: await ways[way]!(),
      }));
      say(`round ${n} of ${rounds}, ${way}: ${Math.round(sample.perSecond)} events/s`);
      return sample;
    });
    return { samples, rows: Object.keys(ways).map((way) => row(way, BARE_XADD, samples)) };
  } finally {
    await uploads.stop();
    await xadd.stop();
  }
}

async function comparePosts(
  runstream: RunstreamServer,
  express: Server,
  redis: Redis,
  { seconds, rounds, say }: BenchOptions,
): Promise<{ samples: Rounds; rows: Row[] }> {
  const load = await LoadProcess.start<PostJob, Posted>(new URL('./intake/post-load.ts', import.meta.url));
  const [run] = await createRuns(runstream.url, 1);
  const single = eventOf(UNJOURNALED);
  const array = `[${Array.from({ length: PER_ARRAY }, () => single).join(',')}]`;
  const post = async (url: string, body: string) => {
    const posted = await load.ask({ url, connections: CONNECTIONS, seconds: seconds / 2, body });
    return { count: posted.requests, seconds: posted.seconds };
  };
  const ways: Record<string, [Server, string, string]> = {
    [EXPRESS]: [express, `${express.url}/runs/r/events`, single],
    'single POSTs': [runstream, run!.events, single],
    [`${EXPRESS}, arrays of ${PER_ARRAY}`]: [express, `${express.url}/runs/r/events`, array],
    [`arrays of ${PER_ARRAY}`]: [runstream, run!.events, array],
  };
  try {
    const samples = await pairedRounds(Object.keys(ways), rounds, async (way, n) => {
      const [server, url, body] = ways[way]!;
      const sample = await timed(server, redis, () => post(url, body));
      say(`round ${n} of ${rounds}, ${way}: ${Math.round(sample.perSecond)} requests/s`);
      return sample;
    });
    const rows = Object.keys(ways).map((way) =>
      row(way, way.includes('arrays') ? `${EXPRESS}, arrays of ${PER_ARRAY}` : EXPRESS, samples),
    );
    return { samples, rows };
  } finally {
    await load.stop();
  }
}

async function timed(
  server: Server,
  redis: Redis,
  work: () => Promise<{ count: number; seconds: number }>,
): Promise<Sample> {
  const before = [await server.cpuSeconds(), await redisCpuSeconds(redis)] as const;
  const { count, seconds } = await work();
  const after = [await server.cpuSeconds(), await redisCpuSeconds(redis)] as const;
  return {
    perSecond: count / seconds,
    serverUs: (((after[0] ?? NaN) - (before[0] ?? NaN)) / count) * 1e6,
    redisUs: ((after[1] - before[1]) / count) * 1e6,
  };
}

function row(way: string, base: string, samples: Rounds): Row {
  const of = (what: (sample: Sample) => number): number =>
    round(median(samples.map((one) => what(one[way]!))));
  return {
    way,
    rounds: samples.length,
    ...spread(
      samples.map((one) => one[way]!.perSecond),
      'per second',
    ),
    against: way === base ? '' : base,
    ratio: way === base ? '' : pairedRatio(samples, (sample) => sample.perSecond, way, base),
    'server CPU µs each': way === BARE_XADD ? '' : of((sample) => sample.serverUs),
    'Redis CPU µs each': way.startsWith(EXPRESS) ? '' : of((sample) => sample.redisUs),
  };
}

function uploadFinding(samples: Rounds): Finding {
  const way = 'NDJSON, one upload';
  return {
    measured: `${way}, against ${BARE_XADD}`,
    value: `${Math.round(median(samples.map((one) => one[way]!.perSecond)))} events/s`,
    compared: pairedRatio(samples, (sample) => sample.perSecond, way, BARE_XADD),
    bar: 0.5,
    aim: 0.8,
  };
}

function postFinding(samples: Rounds): Finding {
  const way = 'single POSTs';
  return {
    measured: `${way}, against ${EXPRESS}`,
    value: `${Math.round(median(samples.map((one) => one[way]!.perSecond)))} requests/s`,
    compared: pairedRatio(samples, (sample) => sample.perSecond, way, EXPRESS),
    bar: 0.7,
    aim: 0.9,
  };
}
