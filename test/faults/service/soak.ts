import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { SeededRandom } from '../../support/seeded-random.js';
import { Cast, type CastOptions } from './cast.js';
import { readHistory } from './run-scenario.js';
import { type Sample, takeSample } from './sample.js';
import { findScenarios } from './scenarios/index.js';
import { checkService } from './service-checker.js';
import { openStage, type Stage, urlOf } from './stage.js';
import { Stored } from './stored.js';
import { isFlat, trendOf } from './trend.js';
import { Watcher } from './watcher.js';
import { untilWell } from './wellness.js';

export interface SoakOptions extends CastOptions {
  seed: number;
  seconds: number;
}

/** Faults that keep the data, and how many seconds each lasts. No process ends: what it had gathered would go with it. */
const FAULTS: readonly (readonly [name: string, seconds: number])[] = [
  ['redis-killed', 2],
  ['redis-frozen', 3],
  ['redis-cut', 3],
  ['redis-slow', 5],
  ['redis-full', 3],
  ['pubsub-cut', 3],
  ['service-frozen', 3],
];
const SAMPLE_MS = 30_000;
/** Runs are produced for so long before the fault, and so long after it. */
const STEADY_MS = 15_000;
const WELL_WITHIN_MS = 90_000;
/** What a process gathers at first is no leak. */
const WARM_UP_SECONDS = 120;
const MIN_SAMPLES = 9;
const MAX_VISIT_MS = 8000;

type Measure = Exclude<keyof Sample, 'at' | 'instance' | 'loopP99Ms' | 'openStreams'>;
/** What has to stay as it is, and what is noise in it. */
const ALLOWANCES: Readonly<Record<Measure, number>> = {
  rssMiB: 40,
  heapMiB: 20,
  handles: 20,
  timers: 20,
  redisClients: 5,
  channels: 10,
};

/**
 * Runs that begin and end, watchers that come and go, and a fault in every round, for a long time; and what processes
 * have gathered by then. True when nothing grew and no promise was broken.
 */
export async function soak(options: SoakOptions, say: (text: string) => void): Promise<boolean> {
  const random = new SeededRandom(options.seed);
  const stage = await openStage({});
  const stored = new Stored(stage.admin);
  const startedAt = performance.now();
  const elapsed = (): number => (performance.now() - startedAt) / 1000;
  const samples: Sample[] = [];
  const ending = new AbortController();
  let kept = true;
  say(HEAD);
  const sampling = sampleUntil(ending.signal, stage, elapsed, (sample) => {
    samples.push(sample);
    say(lineOf(sample));
  });
  try {
    for (let round = 1; elapsed() < options.seconds; round++) {
      const [name, seconds] = FAULTS[random.integer(0, FAULTS.length - 1)]!;
      const problems = await playRound({ stage, stored, options, random, name, seconds });
      say(
        `round ${round}, ${Math.round(elapsed())} s: ${name}: ${problems.length === 0 ? 'nothing broken' : ''}`,
      );
      for (const one of problems.slice(0, 10)) say(`  ${one}`);
      kept &&= problems.length === 0;
    }
  } finally {
    ending.abort();
    await sampling;
    await stage.close();
  }
  return verdict(samples, say) && kept;
}

interface Round {
  stage: Stage;
  stored: Stored;
  options: SoakOptions;
  random: SeededRandom;
  name: string;
  seconds: number;
}

/** New runs, a fault while they are produced for, and their end. Returns what was wrong. */
async function playRound({ stage, stored, options, random, name, seconds }: Round): Promise<string[]> {
  const cast = new Cast(stage, stored, options, random);
  const leaving = new AbortController();
  try {
    await cast.begin();
    const visits = visit(stage, cast, random, leaving.signal);
    await delay(STEADY_MS);
    const [fault] = findScenarios([name]);
    await fault!.strike(stage, seconds * 1000, random);
    const { unwell } = await untilWell(stage, cast, stored, Date.now(), WELL_WITHIN_MS);
    await delay(STEADY_MS);
    leaving.abort();
    await visits;
    await cast.finish();
    const history = await readHistory({ stage, stored, cast, lossUntil: undefined });
    // The files of the stage hold earlier rounds as well.
    const acknowledged = history.acknowledged.filter(({ runId }) => history.logs.has(runId));
    const violations = checkService({ ...history, acknowledged });
    const { odd } = cast.tally;
    return [
      ...unwell,
      ...odd,
      ...violations.map(({ broken, where, detail }) => `${broken}: ${where}: ${detail}`),
    ];
  } catch (error) {
    return [String(error), ...stage.instances.flatMap((instance) => instance.lastWords())];
  } finally {
    leaving.abort();
    cast.close();
  }
}

/** Watchers that look at a run for a few seconds and go. */
async function visit(stage: Stage, cast: Cast, random: SeededRandom, signal: AbortSignal): Promise<void> {
  const visits: Promise<void>[] = [];
  setMaxListeners(0, signal); // every visitor listens
  while (!signal.aborted) {
    const runId = cast.runIds[random.integer(0, cast.runIds.length - 1)]!;
    const proxy = stage.serviceProxies[random.integer(0, stage.serviceProxies.length - 1)]!;
    const visitor = new Watcher({ name: 'a visitor', runId, kind: 'reader', url: () => urlOf(proxy) });
    visits.push(visitor.watch());
    void delay(random.integer(100, MAX_VISIT_MS), undefined, { signal })
      .catch(() => undefined)
      .then(() => {
        visitor.close();
      });
    await delay(random.integer(50, 500), undefined, { signal }).catch(() => undefined);
  }
  await Promise.all(visits);
}

async function sampleUntil(
  signal: AbortSignal,
  { instances, admin }: Stage,
  elapsed: () => number,
  take: (sample: Sample) => void,
): Promise<void> {
  while (!signal.aborted) {
    for (const instance of instances) {
      const sample = await takeSample(instance, admin, elapsed()).catch(() => undefined);
      if (sample) take(sample);
    }
    await delay(SAMPLE_MS, undefined, { signal }).catch(() => undefined);
  }
}

const COLUMNS = [
  'at',
  'instance',
  'rssMiB',
  'heapMiB',
  'handles',
  'timers',
  'openStreams',
  'loopP99Ms',
  'redisClients',
  'channels',
] as const;
const HEAD = COLUMNS.map((name) => name.padStart(13)).join('');

function lineOf(sample: Sample): string {
  return COLUMNS.map((name) => String(sample[name]).padStart(13)).join('');
}

function verdict(samples: readonly Sample[], say: (text: string) => void): boolean {
  let flat = true;
  for (const instance of new Set(samples.map((sample) => sample.instance))) {
    const own = samples.filter((sample) => sample.instance === instance && sample.at >= WARM_UP_SECONDS);
    if (own.length < MIN_SAMPLES) {
      say(`${instance}: ${own.length} samples after the first ${WARM_UP_SECONDS} s are too few to tell`);
      continue;
    }
    for (const [measure, allowance] of Object.entries(ALLOWANCES) as [Measure, number][]) {
      const trend = trendOf(own.map((sample) => ({ at: sample.at, value: sample[measure] })));
      const isLevel = isFlat(trend, allowance);
      flat &&= isLevel;
      say(
        `${instance} ${measure.padEnd(12)} ${isLevel ? 'flat' : 'GROWS'}: first third ${trend.first}, last third ` +
          `${trend.final}, max ${trend.max}, ${trend.slopePerMinute.toFixed(2)}/min in the second half`,
      );
    }
  }
  return flat;
}
