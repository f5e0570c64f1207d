import { Redis } from 'ioredis';
import type { Bench, BenchOptions, Finding, Report, Row } from './bench.js';
import { comparePosts, CONNECTIONS, PER_ARRAY } from './intake/compare-posts.js';
import { type Rounds, row, timed } from './intake/sample.js';
import type { Uploaded, UploadJob } from './intake/upload-load.js';
import type { Added, XaddJob } from './intake/xadd-load.js';
import { median } from './support/latencies.js';
import { LoadProcess } from './support/load-process.js';
import { pairedRatio, pairedRounds } from './support/rounds.js';
import { createRuns, eventOf } from './support/runs.js';
import { type RunstreamServer, startRunstream } from './support/server.js';

const UPLOADS = 16;
const PER_PIPELINE = 100;
/** The type that there is most of, and one that has a copy in the journal by default. */
const UNJOURNALED = 'llm.stream';
const JOURNALED = 'log.stdout';

const BARE_XADD = 'bare XADD';

export const intake: Bench = {
  name: 'intake',
  measures:
    'events per second that are stored, from the first byte sent until the last answer: by NDJSON, against bare ' +
    `XADD in pipelines of ${PER_PIPELINE} from one client on the same Redis, and by single requests over ` +
    `${CONNECTIONS} connections and arrays of ${PER_ARRAY}, against what one writes by hand with Express 5 and Nest.`,
  run: async (options) => {
    const runstream = await startRunstream({ profileDir: options.profileDir });
    const redis = new Redis(runstream.redisUrl);
    try {
      const { samples, rows } = await compareUploads(runstream, redis, options);
      const posts = await comparePosts(runstream, redis, options);
      return {
        rows: [...rows, ...posts.rows],
        findings: [uploadFinding(samples), ...posts.findings],
      } satisfies Report;
    } finally {
      redis.disconnect();
      await runstream.stop();
    }
  },
};

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
    const rows = Object.keys(ways).map((way) =>
      row(way, BARE_XADD, samples, { withoutServer: way === BARE_XADD }),
    );
    return { samples, rows };
  } finally {
    await uploads.stop();
    await xadd.stop();
  }
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
