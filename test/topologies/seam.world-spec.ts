import { describe } from '@jest/globals';
import type { RedisTopology } from '../../src/redis/index.js';
import { NO_TENANCY } from '../support/event-store.js';
import { startRedisBed } from '../support/redis-bed.js';
import { type SeamServers, seamTests } from './seam-tests.js';

const serversOf = (topology: RedisTopology, tenancy: boolean) => async (): Promise<SeamServers> => {
  const bed = await startRedisBed(topology);
  return {
    options: { redis: bed.options, ...(!tenancy && NO_TENANCY) },
    stop: () => bed.stop(),
  };
};

describe.each([
  ['single', false],
  ['sentinel', true],
  ['sentinel', false],
  ['cluster', true],
  ['cluster', false],
] as const)('The seam between history and live, %s, tenancy %s', (topology, tenancy) => {
  seamTests(serversOf(topology, tenancy));
});
