import { setTimeout as delay } from 'node:timers/promises';
import { SeededRandom } from '../../support/seeded-random.js';
import { GROUPS } from './app-config.js';
import { Cast, type CastOptions } from './cast.js';
import type { Scenario } from './scenario.js';
import { checkService, type ServiceViolation } from './service-checker.js';
import type { LogEvent, ServiceHistory } from './service-history.js';
import { openStage, type Stage } from './stage.js';
import { Stored } from './stored.js';
import { type Recovery, untilWell } from './wellness.js';

export interface ScenarioOptions extends CastOptions {
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
  /** Times that watchers came back, and were told of a gap or of provisional events. */
  reconnects: number;
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

/** Steady, then the fault, then until all is well again, then steady: and what came of it. */
export async function runScenario(scenario: Scenario, options: ScenarioOptions): Promise<ScenarioReport> {
  const random = new SeededRandom(options.seed);
  const stage = await openStage(scenario.stage ?? {});
  const stored = new Stored(stage.admin);
  const cast = new Cast(stage, stored, options, random);
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
    await cast.finish().catch((error: unknown) => problems.push(String(error)));
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
  return {
    scenario,
    seed,
    acknowledged: history.acknowledged.length,
    dead: history.dead.length,
    violations: checkService(history),
    growthMiB,
    unavailable,
    longestAnswerMs,
    recovery,
    reconnects: cast.watchers.reduce((sum, { reconnects }) => sum + reconnects, 0),
    gaps: seen.filter(({ kind }) => kind === 'gap').length,
    provisional: seen.filter(({ kind }) => kind === 'provisional').length,
    problems: [...problems, ...odd.slice(0, 10).map((answer) => `a producer was answered: ${answer}`)],
    output: stage.instances.flatMap((instance) => instance.lastWords()),
    history,
  };
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
