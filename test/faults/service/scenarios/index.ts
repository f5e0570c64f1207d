import type { RedisTopology } from '../../../../src/redis/index.js';
import type { Scenario } from '../scenario.js';
import { REDIS_SCENARIOS } from './redis.js';
import { SERVICE_SCENARIOS } from './service.js';
import { SHARD_SCENARIOS } from './shards.js';

const SCENARIOS: readonly Scenario[] = [...REDIS_SCENARIOS, ...SERVICE_SCENARIOS, ...SHARD_SCENARIOS];

/** Scenarios by their names; `all` are all that can happen there. @throws Error that lists the names there are */
export function findScenarios(
  names: readonly string[],
  topology: RedisTopology = 'single',
): readonly Scenario[] {
  if (names.includes('all')) return SCENARIOS.filter(({ on }) => on.includes(topology));
  return names.map((name) => {
    const found = SCENARIOS.find((scenario) => scenario.name === name);
    if (!found) throw new Error(`There is no scenario "${name}". There are: ${scenarioNames().join(', ')}.`);
    if (!found.on.includes(topology))
      throw new Error(`"${name}" happens on ${found.on.join(' and ')} only: add --topology.`);
    return found;
  });
}

export function scenarioNames(): string[] {
  return SCENARIOS.map(({ name }) => name);
}
