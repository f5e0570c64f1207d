import { asides, complaints, HEADINGS, late, line, row } from './report.js';
import { runScenario, type ScenarioOptions } from './run-scenario.js';
import { findScenarios } from './scenarios/index.js';

export interface ScenariosCliOptions extends Omit<ScenarioOptions, 'seed'> {
  /** The first and the last seed: each scenario is played with each. */
  seeds: readonly [number, number];
  /** Print what instances printed. */
  output: boolean;
  /** Hold recovery to its bars. */
  assert: boolean;
}

/** Plays scenarios, and prints a row for each. True when no promise was broken. */
export async function scenariosCli(names: readonly string[], options: ScenariosCliOptions): Promise<boolean> {
  const { seeds, output, assert, ...rest } = options;
  const scenarios = findScenarios(names, options.topology);
  say(line(HEADINGS));
  let kept = true;
  for (let seed = seeds[0]; seed <= seeds[1]; seed++) {
    for (const scenario of scenarios) {
      try {
        const report = await runScenario(scenario, { ...rest, seed });
        say(row(report));
        for (const one of asides(report)) say(`  ${one}`);
        if (output) {
          say(`  ${report.gaps} gaps, ${report.provisional} provisional`);
          const parts = Object.entries(report.recovery.of).map(([part, at]) => `${part} ${at.toFixed(1)} s`);
          say(
            `  well again after: ${parts.join(', ')}; the last: ${report.recovery.last.slice(0, 3).join('; ')}`,
          );
          for (const one of report.output) say(`  ${one}`);
        }
        const wrong = [
          ...complaints(report),
          ...(assert && scenario.bars ? late(report, scenario.bars) : []),
        ];
        for (const one of wrong) say(`  ${one}`);
        kept &&= wrong.length === 0;
      } catch (error) {
        kept = false;
        say(`${scenario.name}: ${String(error)}\n${String((error as Error).cause)}`);
      }
    }
  }
  return kept;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
