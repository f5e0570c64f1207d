import type { Bench, BenchOptions, Finding, Row } from './bench.js';
import type { Uploaded, UploadJob } from './intake/upload-load.js';
import type { Paged, PageJob } from './replay/page-load.js';
import type { CatchUpJob, CaughtUp } from './replay/watch-load.js';
import { median, round } from './support/latencies.js';
import { LoadProcess } from './support/load-process.js';
import { pairedRounds, spread } from './support/rounds.js';
import { createRuns, eventOf, type RunPlace } from './support/runs.js';
import { startRunstream } from './support/server.js';

/** As many as a run keeps by default. */
const HISTORY_EVENTS = 10_000;
const BEHIND = 100;
const PAGE_LIMIT = 1000;

const WATCH_ALL = `${HISTORY_EVENTS} events to one watcher`;
const RESUME = `watchers of one run, each ${BEHIND} events behind`;
const RESUME_EACH = `watchers, each on a run of its own and ${BEHIND} events behind`;
const PAGES = `history in pages of ${PAGE_LIMIT}`;
const BARE_RANGE = `the same by bare XRANGE`;

interface Sample {
  seconds: number;
  events: number;
}

export const replay: Bench = {
  name: 'replay',
  measures:
    'how long reading what was stored takes: from the connection of the first watcher until the last watcher has the ' +
    'newest event, all connecting at once; and a whole history in pages, beside XRANGE from the same Redis.',
  run: async (options) => {
    const runstream = await startRunstream({ profileDir: options.profileDir });
    const watchers = await LoadProcess.start<CatchUpJob, CaughtUp>(
      new URL('./replay/watch-load.ts', import.meta.url),
    );
    const pages = await LoadProcess.start<PageJob, Paged>(new URL('./replay/page-load.ts', import.meta.url), [
      runstream.redisUrl,
    ]);
    try {
      const history = await fill(runstream.url, 1, HISTORY_EVENTS);
      const short = await fill(runstream.url, options.fanOutWatchers, BEHIND);
      const [long] = history;
      const catchUp = async (job: CatchUpJob['watchers'], events: number): Promise<Sample> => ({
        seconds: (await watchers.ask({ watchers: job })).seconds,
        events,
      });
      const behind = await idBehind(long!.run.events);
      const ways: Record<string, () => Promise<Sample>> = {
        [WATCH_ALL]: () => catchUp([{ url: long!.run.stream, until: long!.lastId }], HISTORY_EVENTS),
        [`${options.fanOutWatchers} ${RESUME}`]: () =>
          catchUp(
            Array.from({ length: options.fanOutWatchers }, () => ({
              url: long!.run.stream,
              lastEventId: behind,
              until: long!.lastId,
            })),
            options.fanOutWatchers * BEHIND,
          ),
        [`${options.fanOutWatchers} ${RESUME_EACH}`]: () =>
          catchUp(
            short.map(({ run, lastId }) => ({ url: run.stream, until: lastId })),
            options.fanOutWatchers * BEHIND,
          ),
        [PAGES]: () => pages.ask({ kind: 'http', url: long!.run.events, limit: PAGE_LIMIT }),
        [BARE_RANGE]: () =>
          pages.ask({ kind: 'redis', key: `runstream:{0}:run:${long!.run.id}:events`, limit: PAGE_LIMIT }),
      };
      const samples = await pairedRounds(Object.keys(ways), options.rounds, async (way, n) => {
        const sample = await ways[way]!();
        options.say(`round ${n} of ${options.rounds}, ${way}: ${round(sample.seconds)} s`);
        return sample;
      });
      const rows = Object.keys(ways).map((way) => row(way, samples));
      return { rows, findings: findings(samples, options) };
    } finally {
      await watchers.stop();
      await pages.stop();
      await runstream.stop();
    }
  },
};

function row(way: string, samples: readonly Record<string, Sample>[]): Row {
  const of = samples.map((one) => one[way]!);
  return {
    way,
    rounds: samples.length,
    ...spread(
      of.map(({ seconds }) => seconds),
      'seconds',
    ),
    'events/s': Math.round(median(of.map(({ events, seconds }) => events / seconds))),
  };
}

function findings(samples: readonly Record<string, Sample>[], { fanOutWatchers }: BenchOptions): Finding[] {
  const seconds = (way: string): number => round(median(samples.map((one) => one[way]!.seconds)));
  const resumed = seconds(`${fanOutWatchers} ${RESUME}`);
  const pages = round(median(samples.map((one) => one[BARE_RANGE]!.seconds / one[PAGES]!.seconds)));
  return [
    {
      measured: `${fanOutWatchers} ${RESUME}: all caught up, s`,
      value: `${resumed} s`,
      compared: resumed,
      bar: 3,
      aim: 1,
      atMost: true,
    },
    { measured: WATCH_ALL, value: `${seconds(WATCH_ALL)} s`, compared: seconds(WATCH_ALL) },
    { measured: `${PAGES}, against bare XRANGE`, value: `${seconds(PAGES)} s`, compared: pages },
  ];
}

interface FilledRun {
  run: RunPlace;
  lastId: string;
}

async function fill(url: string, runs: number, events: number): Promise<FilledRun[]> {
  const load = await LoadProcess.start<UploadJob, Uploaded>(
    new URL('./intake/upload-load.ts', import.meta.url),
  );
  try {
    const places = await createRuns(url, runs);
    const lastIds: string[] = [];
    for (let i = 0; i < places.length; i += 50) {
      const urls = places.slice(i, i + 50).map((place) => place.events);
      lastIds.push(...(await load.ask({ urls, lines: events, line: eventOf('llm.stream') })).lastIds);
    }
    return places.map((run, i) => ({ run, lastId: lastIds[i]! }));
  } finally {
    await load.stop();
  }
}

/** The id of the event after which {@link BEHIND} follow. */
async function idBehind(events: string): Promise<string> {
  const response = await fetch(`${events}?order=desc&limit=${BEHIND + 1}`);
  const page = (await response.json()) as { events: { id: string }[] };
  return page.events.at(-1)!.id;
}
