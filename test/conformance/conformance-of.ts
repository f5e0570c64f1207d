import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startScript } from '../support/child.js';
import { startRedis } from '../support/redis.js';
import { serveHere, type Serving } from '../support/service.js';
import type { CheckResult } from './runner.js';
import { sections } from './suite.js';

/** What a service is to be told of where its runs are stored. */
export interface ConformanceStore {
  env: NodeJS.ProcessEnv;
  stop(): Promise<void>;
}

async function openRedis(): Promise<ConformanceStore> {
  const redis = await startRedis();
  return { env: { REDIS_URL: redis.url }, stop: () => redis.stop() };
}

/** One run of the suite against a service of its own, with each check as a test. */
export function conformanceOf(
  what: string,
  env: NodeJS.ProcessEnv,
  /** Of the command line. */
  args: string[],
  only: string,
  /** What this set-up can't know, and another one does. */
  skipped: number,
  /** Where runs are stored. Default: a Redis of its own, since others fill and trim the journal of the default tenant too. */
  openStore: () => Promise<ConformanceStore> = openRedis,
): void {
  describe(what, () => {
    const results = new Map<string, CheckResult>();
    let left: number | undefined;
    let store: ConformanceStore | undefined;
    let service: Serving | undefined;

    beforeAll(async () => {
      store = await openStore();
      service = await serveHere({ ...env, ...store.env });
      // In a process of its own: an error that a check leaves behind is none of jest's, and fails no other check.
      const cli = startScript('test/conformance/cli.ts', [
        ...['--url', service.url, '--json', '--check-timeout-ms', '200000', ...args],
        ...(only === '' ? [] : ['--only', only]),
      ]);
      await cli.exit();
      for (const line of cli.lines) {
        if (!line.startsWith('{')) continue;
        const result = JSON.parse(line) as CheckResult;
        results.set(`${result.section} ${result.name}`, result);
      }
      if (results.size === 0) throw new Error(cli.lines.join('\n'));
      left = await runsOf(service.url);
    }, 600_000);

    afterAll(async () => {
      await service?.stop();
      await store?.stop();
    });

    const wanted = only.toLowerCase();
    for (const { title, checks } of sections) {
      const own = checks.filter(({ name }) => `${title} ${name}`.toLowerCase().includes(wanted));
      if (own.length === 0) continue;
      describe(title, () => {
        for (const { name } of own) {
          it(name, () => {
            const result = results.get(`${title} ${name}`);
            if (result?.outcome !== 'skipped') {
              const { outcome, reason } = result ?? {};
              expect({ outcome, reason }).toEqual({ outcome: 'passed', reason: undefined });
            }
          });
        }
      });
    }

    it('N7 leaves no run behind', () => expect(left).toBe(0));

    it('skips no check that it could make', () => {
      const left = [...results.values()].filter(({ outcome }) => outcome === 'skipped');
      expect(left.map(({ name }) => name)).toHaveLength(skipped);
    });
  });
}

export async function runsOf(url: string): Promise<number> {
  const response = await fetch(`${url}/runs`, { headers: { 'X-Tenant-ID': 'conformance' } });
  return ((await response.json()) as { count: number }).count;
}
