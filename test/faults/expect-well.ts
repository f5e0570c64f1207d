import { expect } from '@jest/globals';
import type { RedisTopology } from '../../src/redis/index.js';
import { report } from '../support/report-line.js';
import { asides, complaints, row } from './service/report.js';
import { runScenario } from './service/run-scenario.js';
import { findScenarios } from './service/scenarios/index.js';

/** Runs a small form of a scenario, and expects that every promise was kept. */
export async function expectWell(
  name: string,
  faultSeconds: number,
  topology: RedisTopology = 'single',
): Promise<void> {
  const [scenario] = findScenarios([name], topology);
  const found = await runScenario(
    { ...scenario!, stage: { app: { retryMs: 300, leaseMs: 2000 } } },
    { topology, seed: 7, steadySeconds: 0.5, faultSeconds, runs: 10, watchers: 30, eventsPerSecond: 4 },
  );
  report([row(found), ...asides(found)].join('\n  '));
  expect(complaints(found)).toEqual([]);
  expect(found.acknowledged).toBeGreaterThan(20);
  expect(found.history.watchers.length).toBeGreaterThanOrEqual(30);
  // It has looked at something: every watcher saw its run to the end.
  expect(found.history.watchers.every(({ seen }) => seen.some(({ kind }) => kind === 'event'))).toBe(true);
}
