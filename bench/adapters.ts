import { setTimeout as delay } from 'node:timers/promises';
import type { Child } from '../test/support/child.js';
import type { Bench, BenchOptions, Finding, Report } from './bench.js';
import { framesAll, startWatchers } from './fan-out/measure.js';
import { perIdleWatcher } from './memory/idle.js';
import { COLLECTS_ON_SIGNAL } from './memory/resident.js';
import { median, round } from './support/latencies.js';
import { Load } from './support/load.js';
import { pairedRatio, pairedRounds, spread } from './support/rounds.js';
import { type RunstreamServer, startRunstream } from './support/server.js';

const WATCHERS = 200;
const PUBLISHERS = 16;
const EVENTS = 400;
const IDLE = [200, 600];
const ADAPTERS = { ADAPTERS: 'ai-sdk,langgraph,openai,durable-streams,ag-ui' };
const TOKEN = JSON.stringify({
  event: { category: 'llm', action: 'stream' },
  source: { agent_id: 'a1' },
  data: { content: 'hello' },
});

/** How a run is watched. */
interface Way {
  path: (run: string, key: string) => string;
  /** With it by POST. */
  body?: (run: string, key: string) => string;
  /** Frames that a token becomes. Default 1. */
  frames?: number;
}

const OWN = 'own stream';
const AI_SDK = 'ai-sdk';
const WAYS: Readonly<Record<string, Way>> = {
  [OWN]: { path: (run) => `/runs/${run}/events/stream` },
  [AI_SDK]: { path: (_, key) => `/api/chat/${key}/stream` },
  langgraph: { path: (run) => `/runs/${run}/stream` },
  openai: { path: (run) => `/v1/responses/${run}?stream=true` },
  'durable-streams': { path: (run) => `/streams/${run}?offset=-1&live=sse`, frames: 2 },
  'ag-ui': { path: () => '/ag-ui', body: (run, key) => JSON.stringify({ threadId: key, runId: run }) },
};

/** A run of its own, with all of its watchers. */
interface Scene {
  events: string;
  watchers: Child;
  frames: number;
}
interface Sample {
  eventsPerSecond: number;
  /** Of the service, for each event and watcher. */
  cpuUs: number;
}

/** What it costs to watch a run through an adapter, beside our own stream. */
export const adapters: Bench = {
  name: 'adapters',
  measures:
    `events per second of one run with ${WATCHERS} watchers, from the first of ${EVENTS} tokens by ${PUBLISHERS} ` +
    'publishers until the last watcher has the last one, and processor time of the service for each of them, intake ' +
    'included; resident memory per idle watcher.',
  run: async (options) => {
    const rounds = await fanOut(options);
    const idle = await idleOf(options);
    const names = Object.keys(WAYS);
    const rows = names.map((name) => ({
      'watched as': name,
      ...spread(
        rounds.map((one) => one[name]!.eventsPerSecond),
        'events/s',
      ),
      'CPU µs each': round(median(rounds.map((one) => one[name]!.cpuUs))),
      'times own': pairedRatio(rounds, ({ cpuUs }) => cpuUs, name, OWN),
      'KiB idle': round(idle[name]! / 1024),
    }));
    return { rows, findings: [finding(rounds)] } satisfies Report;
  },
};

function finding(rounds: readonly Record<string, Sample>[]): Finding {
  const rate = Math.round(median(rounds.map((one) => one[AI_SDK]!.eventsPerSecond)));
  return {
    measured: `${WATCHERS} readers of the AI SDK: CPU, against our own`,
    value: `${rate} events/s`,
    compared: pairedRatio(rounds, ({ cpuUs }) => cpuUs, AI_SDK, OWN),
    atMost: true,
  };
}

async function fanOut({ rounds, profileDir, say }: BenchOptions): Promise<Record<string, Sample>[]> {
  const server = await startRunstream({ profileDir, env: ADAPTERS });
  const scenes: Record<string, Scene> = {};
  try {
    for (const [name, way] of Object.entries(WAYS)) scenes[name] = await sceneOf(server, name, way);
    // What they were told at the beginning is not counted.
    await delay(1000);
    return await pairedRounds(Object.keys(WAYS), rounds, async (name, n) => {
      if (name === OWN) say(`round ${n} of ${rounds}`);
      return measure(server, scenes[name]!);
    });
  } finally {
    for (const { watchers } of Object.values(scenes)) watchers.process.kill('SIGKILL');
    await server.stop();
  }
}

async function sceneOf(server: RunstreamServer, key: string, way: Way): Promise<Scene> {
  const { url, events, body } = await place(server, key, way);
  return { events, watchers: await startWatchers(url, WATCHERS, body), frames: way.frames ?? 1 };
}

/** A run that has begun to say something, so that each further token is one more and nothing else. */
async function place({ url }: RunstreamServer, key: string, { path, body }: Way) {
  const load = new Load();
  try {
    const { id } = JSON.parse(await load.post(`${url}/runs`, JSON.stringify({ task: 'bench', key }))) as {
      id: string;
    };
    const events = `${url}/runs/${id}/events`;
    await load.post(events, TOKEN);
    return { events, url: url + path(id, key), body: body?.(id, key) };
  } finally {
    load.close();
  }
}

async function measure(server: RunstreamServer, { events, watchers, frames }: Scene): Promise<Sample> {
  const cpuBefore = await server.cpuSeconds();
  const ms = await framesAll(watchers, EVENTS * WATCHERS * frames, {
    url: events,
    body: TOKEN,
    publishers: PUBLISHERS,
    events: EVENTS,
  });
  const cpu = ((await server.cpuSeconds()) ?? NaN) - (cpuBefore ?? NaN);
  return { eventsPerSecond: EVENTS / (ms / 1000), cpuUs: (cpu * 1e6) / (EVENTS * WATCHERS) };
}

/** Resident bytes of each idle watcher. */
async function idleOf({ say }: BenchOptions): Promise<Record<string, number>> {
  const taken: Record<string, number> = {};
  for (const [name, way] of Object.entries(WAYS)) {
    const server = await startRunstream({ env: ADAPTERS, nodeArgs: COLLECTS_ON_SIGNAL });
    try {
      const { url, body } = await place(server, name, way);
      const urls = Array.from({ length: IDLE.at(-1)! }, () => url);
      taken[name] = (await perIdleWatcher(server, urls, IDLE, body)).at(-1)!.rss;
      say(`${name}, idle: ${round(taken[name] / 1024)} KiB each`);
    } finally {
      await server.stop();
    }
  }
  return taken;
}
