import { fileURLToPath } from 'node:url';
import type { Redis } from 'ioredis';
import type { BenchOptions, Finding, Row } from '../bench.js';
import { median, round } from '../support/latencies.js';
import { LoadProcess } from '../support/load-process.js';
import { commandTime } from '../support/redis-info.js';
import { pairedRatio, pairedRounds } from '../support/rounds.js';
import { createRuns, eventOf } from '../support/runs.js';
import { type RunstreamServer, type Server, startScriptServer } from '../support/server.js';
import type { Posted, PostJob } from './post-load.js';
import { type Rounds, row, type Sample, timed } from './sample.js';
import { BARE_KEY } from './store.js';

export const CONNECTIONS = 32;
export const PER_ARRAY = 100;
/** The type that there is most of. */
const TYPE = 'llm.stream';

const SINGLE = 'single POSTs';
const EXPRESS = 'bare Express';
const EXPRESS_XADD = 'Express with XADD';
const NEST_XADD = 'plain Nest with XADD';
const EXPRESS_ARRAYS = `${EXPRESS}, arrays of ${PER_ARRAY}`;
const ARRAYS = `arrays of ${PER_ARRAY}`;

interface PostSample extends Sample {
  /** What Redis spends inside the command that stores, in microseconds; NaN when none is called. */
  commandUs: number;
}

interface Way {
  server: Server;
  url: string;
  body: string;
  /** The Redis command that stores what a request brings. */
  command: string | undefined;
  /** What its row is compared with. */
  base: string;
}

/** Single requests and arrays, against what one would write by hand. */
export async function comparePosts(
  runstream: RunstreamServer,
  redis: Redis,
  options: BenchOptions,
): Promise<{ rows: Row[]; findings: Finding[] }> {
  const servers: Server[] = [];
  const start = async (file: string): Promise<Server> => {
    const path = fileURLToPath(new URL(`./${file}.ts`, import.meta.url));
    const server = await startScriptServer(path, { args: [runstream.redisUrl] });
    servers.push(server);
    return server;
  };
  try {
    const express = await start('bare-express');
    const expressXadd = await start('express-xadd');
    const nestXadd = await start('nest-xadd');
    const [run] = await createRuns(runstream.url, 1);
    const single = eventOf(TYPE);
    const array = `[${Array.from({ length: PER_ARRAY }, () => single).join(',')}]`;
    const at = (server: Server): { server: Server; url: string } => ({
      server,
      url: `${server.url}/runs/r/events`,
    });
    const ours = { server: runstream, url: run!.events, command: 'evalsha' };
    return await measure(
      {
        [EXPRESS]: { ...at(express), body: single, command: undefined, base: EXPRESS },
        [EXPRESS_XADD]: { ...at(expressXadd), body: single, command: 'xadd', base: EXPRESS },
        [NEST_XADD]: { ...at(nestXadd), body: single, command: 'xadd', base: EXPRESS },
        [SINGLE]: { ...ours, body: single, base: NEST_XADD },
        [EXPRESS_ARRAYS]: { ...at(express), body: array, command: undefined, base: EXPRESS_ARRAYS },
        [ARRAYS]: { ...ours, body: array, base: EXPRESS_ARRAYS },
      },
      redis,
      options,
    );
  } finally {
    for (const server of servers) await server.stop();
  }
}

async function measure(
  ways: Readonly<Record<string, Way>>,
  redis: Redis,
  { seconds, rounds, say }: BenchOptions,
): Promise<{ rows: Row[]; findings: Finding[] }> {
  const load = await LoadProcess.start<PostJob, Posted>(new URL('./post-load.ts', import.meta.url));
  const job = { connections: CONNECTIONS, seconds: seconds / 2 };
  try {
    const samples = await pairedRounds(Object.keys(ways), rounds, async (name, n) => {
      const { server, url, body, command } = ways[name]!;
      const before = await commandTime(redis, command ?? '');
      const sample = await timed(server, redis, async () => {
        const posted = await load.ask({ ...job, urls: [url], body });
        return { count: posted.requests, seconds: posted.seconds };
      });
      const after = await commandTime(redis, command ?? '');
      await redis.unlink(BARE_KEY);
      say(`round ${n} of ${rounds}, ${name}: ${Math.round(sample.perSecond)} requests/s`);
      return { ...sample, commandUs: (after.us - before.us) / (after.calls - before.calls) };
    });
    const rows = Object.entries(ways).map(([name, { base, command }]) => ({
      ...row(name, base, samples, { withoutRedis: command === undefined }),
      'Redis command µs':
        command === undefined ? '' : round(median(samples.map((one) => one[name]!.commandUs))),
    }));
    return { rows, findings: findings(samples) };
  } finally {
    await load.stop();
  }
}

function findings(samples: Rounds<PostSample>): Finding[] {
  const perSecond = `${Math.round(median(samples.map((one) => one[SINGLE]!.perSecond)))} requests/s`;
  const against = (other: string, bar: number, aim: number): Finding => ({
    measured: `${SINGLE}, against ${other}`,
    value: perSecond,
    compared: pairedRatio(samples, (sample) => sample.perSecond, SINGLE, other),
    bar,
    aim,
  });
  return [
    against(NEST_XADD, 1, 1.2),
    against(EXPRESS_XADD, 0.75, 0.9),
    {
      measured: "Redis's processor time for one, against Express with XADD",
      value: `${round(median(samples.map((one) => one[SINGLE]!.redisUs)))} µs`,
      compared: pairedRatio(samples, (sample) => sample.redisUs, SINGLE, EXPRESS_XADD),
      bar: 2,
      aim: 1.5,
      atMost: true,
    },
    {
      measured: 'the append script for one event, against XADD',
      value: `${round(median(samples.map((one) => one[SINGLE]!.commandUs)))} µs`,
      compared: pairedRatio(samples, (sample) => sample.commandUs, SINGLE, EXPRESS_XADD),
      bar: 2,
      aim: 1.5,
      atMost: true,
    },
  ];
}
