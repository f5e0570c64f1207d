import { describe, expect, it } from '@jest/globals';
import { report } from '../support/report-line.js';
import { complaints, HEADINGS, line, row } from './service/report.js';
import { runScenario } from './service/run-scenario.js';
import { findScenarios } from './service/scenarios/index.js';

describe('Producers, watchers and handlers of two instances, through a fault', () => {
  report(line(HEADINGS));

  it.each([
    ['redis-killed', 1],
    ['pubsub-cut', 2],
    ['service-killed', 0.5],
  ])('%s: what was acknowledged is there once and in order, for each of them', async (name, faultSeconds) => {
    const [scenario] = findScenarios([name]);
    const found = await runScenario(
      { ...scenario!, stage: { app: { retryMs: 300, leaseMs: 2000 } } },
      { seed: 7, steadySeconds: 0.5, faultSeconds, runs: 10, watchers: 30, eventsPerSecond: 4 },
    );
    report(row(found));
    expect(complaints(found)).toEqual([]);
    expect(found.acknowledged).toBeGreaterThan(20);
    expect(found.history.watchers.length).toBeGreaterThanOrEqual(30);
    // It has looked at something: every watcher saw its run to the end.
    expect(found.history.watchers.every(({ seen }) => seen.some(({ kind }) => kind === 'event'))).toBe(true);
  });
});
