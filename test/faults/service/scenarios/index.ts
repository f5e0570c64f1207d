import type { Scenario } from '../scenario.js';
import { REDIS_SCENARIOS } from './redis.js';
import { SERVICE_SCENARIOS } from './service.js';

const SCENARIOS: readonly Scenario[] = [...REDIS_SCENARIOS, ...SERVICE_SCENARIOS];

/** Scenarios by their names; `all` are all of them. @throws Error that lists the names there are */
export function findScenarios(names: readonly string[]): readonly Scenario[] {
  if (names.includes('all')) return SCENARIOS;
  return names.map((name) => {
    const found = SCENARIOS.find((scenario) => scenario.name === name);
    if (!found) throw new Error(`There is no scenario "${name}". There are: ${scenarioNames().join(', ')}.`);
    return found;
  });
}

export function scenarioNames(): string[] {
  return SCENARIOS.map(({ name }) => name);
}
