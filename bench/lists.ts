import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Bench, BenchOptions, Finding, Row } from './bench.js';
import { ABSENT, fill, RARE_LABEL } from './lists/fill.js';
import { Latencies, round } from './support/latencies.js';
import { redisCpuSeconds, redisDataBytes } from './support/redis-info.js';
import { type RunstreamServer, startRunstream } from './support/server.js';

/** Most pages of one list. */
const PAGES = 100;
const INDEX = 'runstream:{0}:runs:index';
/** Idle seconds that are measured, in lengths of a measurement: the sweep comes every 15 seconds. */
const IDLE_LENGTHS = 6;

/** No index tells this. */
const SEARCH = 'a text in the task that none has';

const LISTS: Readonly<Record<string, string>> = {
  'all runs': '',
  'a status of many': 'status=pending',
  'a status of few': 'status=cancelled',
  'three statuses': 'status=completed,failed,cancelled',
  'a label of half of them': 'label=environment:staging',
  'a label of a thousandth': 'label=release:7',
  'a label of one, the oldest': `label=${RARE_LABEL}`,
  'that label and a status of many': `label=${RARE_LABEL}&status=completed,cancelled`,
  'a status and a label': 'status=failed&label=team:5',
  'a label and an executor of many': `label=environment:staging&executor=${ABSENT}`,
  'two of many with little in common': 'executor=external&label=environment:staging',
  'a key': 'key=chat%207',
  [SEARCH]: 'task=nowhere',
};

export const lists: Bench = {
  name: 'lists',
  measures:
    'pages of 50 of GET /runs by filters, over HTTP and one after the other, from the request until the answer was ' +
    'read; and what the service and Redis take of a core while nothing happens, most runs waiting for an executor ' +
    'that nobody has.',
  run: async (options) => {
    const runstream = await startRunstream({ profileDir: options.profileDir });
    const redis = new Redis(runstream.redisUrl);
    try {
      const empty = await idle(runstream, redis, options);
      const bytesBefore = await redisDataBytes(redis);
      const fillingAt = performance.now();
      await fill(runstream.redisUrl, options.listRuns, options.say);
      const seconds = Math.round((performance.now() - fillingAt) / 1000);
      options.say(`${options.listRuns} runs in ${seconds} s`);
      const bytes = (await redisDataBytes(redis)) - bytesBefore;
      const rows: Row[] = [];
      for (const [what, query] of Object.entries(LISTS))
        rows.push(await measure(what, `/runs?limit=50&${query}`, runstream, redis, options));
      rows.push(await measure('GET /runs/counts', '/runs/counts', runstream, redis, options));
      const full = await idle(runstream, redis, options);
      const entries = await redis.zcard(INDEX);
      const indexBytes = Number(await redis.memory('USAGE', INDEX, 'SAMPLES', 2000));
      rows.push(
        idleRow('idle, without a run', empty),
        idleRow('idle, with all of them', full),
        { what: 'Redis, of a run', bytes: Math.round(bytes / options.listRuns) },
        {
          what: `of it in the index, ${round(entries / options.listRuns)} entries`,
          bytes: Math.round(indexBytes / options.listRuns),
        },
        { what: 'an entry of the index', bytes: Math.round(indexBytes / entries) },
      );
      return { rows, findings: findings(rows, empty, full) };
    } finally {
      redis.disconnect();
      await runstream.stop();
    }
  },
};

interface Shares {
  service: number;
  redis: number;
}

async function cpu(runstream: RunstreamServer, redis: Redis): Promise<Shares> {
  return { service: (await runstream.cpuSeconds()) ?? NaN, redis: await redisCpuSeconds(redis) };
}

/** What is taken of a core, in percent, while nobody asks for anything. */
async function idle(runstream: RunstreamServer, redis: Redis, options: BenchOptions): Promise<Shares> {
  // What came before may still be on its way.
  await sleep(2000);
  const [before, startedAt] = [await cpu(runstream, redis), performance.now()];
  await sleep(IDLE_LENGTHS * options.seconds * 1000);
  const [after, took] = [await cpu(runstream, redis), (performance.now() - startedAt) / 1000];
  const share = (name: keyof Shares): number => round(((after[name] - before[name]) / took) * 100);
  const shares = { service: share('service'), redis: share('redis') };
  options.say(`idle: service ${shares.service} %, Redis ${shares.redis} % of a core`);
  return shares;
}

/** Follows a list page by page, from its beginning again when it ends, until a length of measurement is over. */
async function measure(
  what: string,
  path: string,
  runstream: RunstreamServer,
  redis: Redis,
  options: BenchOptions,
): Promise<Row> {
  const latencies = new Latencies();
  const before = await cpu(runstream, redis);
  const until = performance.now() + options.seconds * 1000;
  let cursor: string | undefined;
  let [found, empty] = [0, 0];
  while (latencies.count < PAGES && (latencies.count === 0 || performance.now() < until)) {
    const askedAt = performance.now();
    const answer = await fetch(`${runstream.url}${path}${cursor === undefined ? '' : `&cursor=${cursor}`}`);
    const text = await answer.text();
    latencies.add(performance.now() - askedAt);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    const page = JSON.parse(text) as { count?: number; next_cursor?: string | null };
    found += page.count ?? 0;
    if (page.count === 0) empty++;
    cursor = page.next_cursor ?? undefined;
  }
  const after = await cpu(runstream, redis);
  const each = (name: keyof Shares): number => round(((after[name] - before[name]) * 1000) / latencies.count);
  const row = {
    what,
    pages: latencies.count,
    'runs each': round(found / latencies.count),
    empty,
    ...latencies.summary(),
    'service CPU ms': each('service'),
    'Redis CPU ms': each('redis'),
  };
  options.say(`${what}: p95 ${row['p95 ms']} ms, ${found} runs on ${row.pages} pages`);
  return row;
}

function idleRow(what: string, { service, redis }: Shares): Row {
  return { what, 'service CPU %': service, 'Redis CPU %': redis };
}

function findings(rows: readonly Row[], empty: Shares, full: Shares): Finding[] {
  const indexed = rows.filter(({ what }) => Object.hasOwn(LISTS, what ?? '') && what !== SEARCH);
  const slowest = indexed.reduce((a, b) => (Number(b['p50 ms']) > Number(a['p50 ms']) ? b : a));
  const more = (name: keyof Shares): number => round(Math.max(0, full[name] - empty[name]));
  return [
    {
      measured: `slowest list: ${slowest['what']}, p50, ms`,
      value: `${slowest['p50 ms']} ms`,
      compared: Number(slowest['p50 ms']),
      bar: 50,
      aim: 20,
      atMost: true,
    },
    {
      measured: 'idle: what the runs add to the service and Redis, % of a core',
      value: `${more('service')} % and ${more('redis')} %`,
      compared: round(more('service') + more('redis')),
      bar: 2,
      aim: 1,
      atMost: true,
    },
  ];
}
