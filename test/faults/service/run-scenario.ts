import { setTimeout as delay } from 'node:timers/promises';
import type { RedisTopology } from '../../../src/redis/index.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { GROUPS } from './app-config.js';
import { Cast, type CastOptions } from './cast.js';
import { longestPause } from './pauses.js';
import type { Scenario, Struck } from './scenario.js';
import { checkService, lostOf, type ServicePromise, type ServiceViolation } from './service-checker.js';
import type { LogEvent, ServiceHistory } from './service-history.js';
import { openStage, type Stage } from './stage.js';
import { Stored } from './stored.js';
import { type Recovery, untilWell } from './wellness.js';

/** The size of a scenario that says nothing of its own. */
const SIZE: CastOptions = { runs: 50, watchers: 200, eventsPerSecond: 2, textBytes: 100 };

export interface ScenarioOptions extends Partial<CastOptions> {
  seed: number;
  /** Default: one server. */
  topology?: RedisTopology;
  /** Before the fault, and after all is well again. */
  steadySeconds: number;
  /** Length of the fault. Default: the scenario's own. */
  faultSeconds?: number;
}

export interface ScenarioReport {
  scenario: string;
  seed: number;
  acknowledged: number;
  /** Acknowledged, and gone with a server that was replaced. */
  lost: number;
  dead: number;
  violations: ServiceViolation[];
  /** The most that an instance's resident memory grew. */
  growthMiB: number;
  unavailable: number;
  longestAnswerMs: number;
  recovery: Recovery;
  /** Around the fault. */
  pauses: Pauses;
  /** To be said beside the row. */
  note?: string;
  /** Times that watchers came back, in all and in the second with the most. */
  reconnects: number;
  peakReconnects: number;
  /** Times that watchers were told of a gap, or of provisional events. */
  gaps: number;
  provisional: number;
  /** What else was not as it should be. */
  problems: string[];
  /** What instances printed. */
  output: string[];
  history: ServiceHistory;
}

/** Since the fault struck, in seconds. */
export interface Pauses {
  /** Until the servers could serve again, where the fault knows. */
  servedAfter?: number;
  /** The longest time without an acknowledgement to a producer outside, and when it was over. */
  appends: { seconds: number; overAfter: number };
  /** The same of events that watchers were sent. */
  frames: { seconds: number; overAfter: number };
}

const WELL_WITHIN_MS = 90_000;
/** Far above what the buffers of the service add up to, and far below what an outage without bounds would take. */
const MAX_GROWTH_MIB = 300;

/** What a history that was broken off shows of things that had no time yet. */
const NOT_YET: ReadonlySet<ServicePromise> = new Set(['false belief', 'not handled']);

/** Steady, then the fault, then until all is well again, then steady: and what came of it. */
export async function runScenario(scenario: Scenario, options: ScenarioOptions): Promise<ScenarioReport> {
  const random = new SeededRandom(options.seed);
  const stage = await openStage({
    ...scenario.stage,
    ...(options.topology && { topology: options.topology }),
  });
  const stored = new Stored(stage.admin);
  const cast = new Cast(stage, stored, { ...SIZE, ...scenario.size, ...options }, random);
  try {
    await cast.begin();
    const started = await untilWell(stage, cast, stored, Date.now(), WELL_WITHIN_MS);
    if (started.unwell.length > 0) throw new Error(`All was not well before: ${started.unwell.join('\n')}`);
    await delay(options.steadySeconds * 1000);
    await stage.memory.mark();
    const letIn = delay(500).then(() => {
      cast.letIn(0.5);
    });
    const faultMs = options.faultSeconds === undefined ? undefined : options.faultSeconds * 1000;
    const struckAt = Date.now();
    const struck = (await scenario.strike(stage, faultMs, random)) ?? {};
    const over = Date.now();
    await letIn;
    if (scenario.keepsData === false) await cast.replaceLost();
    cast.letIn();
    const recovery = await untilWell(stage, cast, stored, over, WELL_WITHIN_MS);
    await delay(options.steadySeconds * 1000);
    const problems = recovery.unwell
      .slice(0, 20)
      .map((one) => `not well after ${WELL_WITHIN_MS / 1000} s: ${one}`);
    // What never got well does not come to an end either, and to wait for it would tell nothing new.
    if (problems.length > 0) cast.close();
    else await cast.finish().catch((error: unknown) => problems.push(String(error)));
    return await report(scenario, options, {
      stage,
      stored,
      cast,
      recovery,
      problems,
      struckAt,
      struck,
    });
  } catch (error) {
    const words = stage.instances.flatMap((instance) => instance.lastWords()).join('\n');
    throw new Error(`${scenario.name}, seed ${options.seed}: it did not come to its end.\n${words}`, {
      cause: error,
    });
  } finally {
    cast.close();
    await stage.close();
  }
}

interface Played {
  stage: Stage;
  stored: Stored;
  cast: Cast;
  recovery: Recovery;
  problems: string[];
  struckAt: number;
  struck: Struck;
}

async function report(
  { name: scenario }: Scenario,
  { seed }: ScenarioOptions,
  { stage, stored, cast, recovery, problems, struckAt, struck }: Played,
): Promise<ScenarioReport> {
  const growthMiB = stage.memory.growthMiB;
  const { lossUntil, note } = struck;
  const found = await readHistory({ stage, stored, cast, lossUntil });
  const lost = lossUntil === undefined ? 0 : lostOf(found);
  // Where data might have been lost and was not, everything holds that always does.
  const { lossUntil: _nothing, ...whole } = found;
  const history = lost === 0 ? whole : found;
  if (growthMiB > MAX_GROWTH_MIB) problems.push(`resident memory grew by ${growthMiB} MiB`);
  const { unavailable, longestAnswerMs, odd } = cast.tally;
  const seen = cast.watchers.flatMap((watcher) => watcher.seen);
  const returns = cast.watchers.flatMap(({ returnedAt }) => returnedAt);
  return {
    scenario,
    seed,
    acknowledged: history.acknowledged.length,
    lost,
    pauses: pausesOf(cast, struckAt, struck),
    ...(note !== undefined && { note }),
    dead: history.dead.length,
    // Where things did not come to their end, only what is wrong already can be told.
    violations: checkService(history).filter(({ broken }) => problems.length === 0 || !NOT_YET.has(broken)),
    growthMiB,
    unavailable,
    longestAnswerMs,
    recovery,
    reconnects: returns.length,
    peakReconnects: mostInASecond(returns),
    gaps: seen.filter(({ kind }) => kind === 'gap').length,
    provisional: seen.filter(({ kind }) => kind === 'provisional').length,
    problems: [...problems, ...odd.slice(0, 10).map((answer) => `a producer was answered: ${answer}`)],
    output: stage.instances.flatMap((instance) => instance.lastWords()),
    history,
  };
}

function pausesOf({ tally, watchers }: Cast, struckAt: number, { servedAt }: Struck): Pauses {
  const around = (moments: readonly number[]): Pauses['appends'] => {
    const pause = longestPause(moments, struckAt);
    return pause
      ? { seconds: (pause.to - pause.from) / 1000, overAfter: (pause.to - struckAt) / 1000 }
      : { seconds: Number.POSITIVE_INFINITY, overAfter: Number.POSITIVE_INFINITY };
  };
  return {
    ...(servedAt !== undefined && { servedAfter: (servedAt - struckAt) / 1000 }),
    appends: around(tally.acknowledged.map(({ at }) => at)),
    frames: around(watchers.flatMap(({ framesAt }) => framesAt)),
  };
}

function mostInASecond(times: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const ms of times) {
    const second = Math.floor(ms / 1000);
    counts.set(second, (counts.get(second) ?? 0) + 1);
  }
  return Math.max(0, ...counts.values());
}

/** What is known of everything that happened, from all who were there and from Redis itself. */
export async function readHistory({
  stage,
  stored,
  cast,
  lossUntil,
}: Pick<Played, 'stage' | 'stored' | 'cast'> & Pick<Struck, 'lossUntil'>): Promise<ServiceHistory> {
  const logs = new Map<string, LogEvent[]>();
  for (const runId of cast.runIds) {
    const log = await stored.log(runId);
    if (log) logs.set(runId, log);
  }
  return {
    groups: GROUPS,
    ...(lossUntil !== undefined && { lossUntil }),
    acknowledged: [...cast.tally.acknowledged, ...(await stage.insideAcks())],
    logs,
    dead: await stored.dead(),
    watchers: cast.watchers,
  };
}
