import type { Row } from '../bench.js';
import { timed, type Sample } from '../intake/sample.js';
import type { Posted, PostJob } from '../intake/post-load.js';
import type { Uploaded, UploadJob } from '../intake/upload-load.js';
import { round } from '../support/latencies.js';
import { LoadProcess } from '../support/load-process.js';
import { createRuns } from '../support/runs.js';
import { eventLine } from './store.js';
import { withService } from './kept.js';

const CONNECTIONS = 32;
const TYPE = 'log.stdout';

export interface CostJob {
  /** Events in a request; undefined: NDJSON, one upload for each run. */
  batch: number | undefined;
  runs: number;
  seconds: number;
  /** In all of the uploads. */
  events: number;
  redisArgs?: readonly string[];
}

/** Processor time that an event costs the service and Redis, by how many come in a request and over how many runs. */
export function costOf({ batch, runs, seconds, events, redisArgs = [] }: CostJob): Promise<Sample> {
  return withService({ redisArgs }, async (server, redis) => {
    const urls = (await createRuns(server.url, runs)).map((run) => run.events);
    const line = eventLine(TYPE);
    if (batch === undefined) {
      const load = await LoadProcess.start<UploadJob, Uploaded>(
        new URL('../intake/upload-load.ts', import.meta.url),
      );
      const upload = async (lines: number) => ({
        count: lines * urls.length,
        seconds: (await load.ask({ urls, lines, line })).seconds,
      });
      try {
        await upload(Math.ceil(events / 10 / runs));
        return await timed(server, redis, () => upload(Math.ceil(events / runs)));
      } finally {
        await load.stop();
      }
    }
    const load = await LoadProcess.start<PostJob, Posted>(new URL('../intake/post-load.ts', import.meta.url));
    const body = batch === 1 ? line : `[${Array.from({ length: batch }, () => line).join(',')}]`;
    const post = async (forSeconds: number) => {
      const posted = await load.ask({ urls, connections: CONNECTIONS, seconds: forSeconds, body });
      return { count: posted.requests * batch, seconds: posted.seconds };
    };
    try {
      await post(seconds / 2);
      return await timed(server, redis, () => post(seconds));
    } finally {
      await load.stop();
    }
  });
}

export function costRow(what: string, { perSecond, serverUs, redisUs }: Sample): Row {
  return {
    what,
    'events/s': Math.round(perSecond),
    'app CPU µs each': round(serverUs),
    'Redis CPU µs each': round(redisUs),
  };
}
