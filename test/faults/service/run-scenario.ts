import { setTimeout as delay } from 'node:timers/promises';
import { SeededRandom } from '../../support/seeded-random.js';
import { GROUPS } from './app-config.js';
import { Cast, type CastOptions } from './cast.js';
import type { Scenario } from './scenario.js';
import { checkService, type ServicePromise, type ServiceViolation } from './service-checker.js';
import type { LogEvent, ServiceHistory } from './service-history.js';
import { openStage, type Stage } from './stage.js';
import { Stored } from './stored.js';
import { type Recovery, untilWell } from './wellness.js';

/** The size of a scenario that says nothing of its own. */
const SIZE: CastOptions = { runs: 50, watchers: 200, eventsPerSecond: 2, textBytes: 100 };

export interface ScenarioOptions extends Partial<CastOptions> {
  seed: number;
  /** Before the fault, and after all is well again. */
  steadySeconds: number;
  /** Length of the fault. Default: the scenario's own. */
  faultSeconds?: number;
}

export interface ScenarioReport {
  scenario: string;
  seed: number;
  acknowledged: number;
  dead: number;
  violations: ServiceViolation[];
  /** The most that an instance's resident memory grew. */
  growthMiB: number;
  unavailable: number;
  longestAnswerMs: number;
  recovery: Recovery;
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

const WELL_WITHIN_MS = 90_000;
/** Far above what the buffers of the service add up to, and far below what an outage without bounds would take. */
const MAX_GROWTH_MIB = 300;

/** What a history that was broken off shows of things that had no time yet. */
const NOT_YET: ReadonlySet<ServicePromise> = new Set(['false belief', 'not handled']);

/** Steady, then the fault, then until all is well again, then steady: and what came of it. */
export async function runScenario(scenario: Scenario, options: ScenarioOptions): Promise<ScenarioReport> {
  const random = new SeededRandom(options.seed);
  const stage = await openStage(scenario.stage ?? {});
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
    const lossUntil = await scenario.strike(stage, faultMs, random);
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
      lossUntil: lossUntil ?? undefined,
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
  lossUntil: number | undefined;
}

async function report(
  { name: scenario }: Scenario,
  { seed }: ScenarioOptions,
  { stage, stored, cast, recovery, problems, lossUntil }: Played,
): Promise<ScenarioReport> {
  const growthMiB = stage.memory.growthMiB;
  const history = await readHistory({ stage, stored, cast, lossUntil });
  if (growthMiB > MAX_GROWTH_MIB) problems.push(`resident memory grew by ${growthMiB} MiB`);
  const { unavailable, longestAnswerMs, odd } = cast.tally;
  const seen = cast.watchers.flatMap((watcher) => watcher.seen);
  const returns = cast.watchers.flatMap(({ returnedAt }) => returnedAt);
  return {
    scenario,
    seed,
    acknowledged: history.acknowledged.length,
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
}: Pick<Played, 'stage' | 'stored' | 'cast' | 'lossUntil'>): Promise<ServiceHistory> {
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
