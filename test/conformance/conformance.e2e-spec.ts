import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RedisServer, startRedis } from '../support/redis.js';
import { startService, type Service } from '../support/service.js';
import type { CheckResult, ConformanceOptions } from './runner.js';
import { runConformance, sections } from './suite.js';

/** One run of the suite against a service of its own, with each check as a test. */
function conformanceOf(
  what: string,
  env: NodeJS.ProcessEnv,
  options: Omit<ConformanceOptions, 'url'>,
  /** What this set-up can't know, and another one does. */
  skipped: number,
): void {
  describe(what, () => {
    const results = new Map<string, CheckResult>();
    let redis: RedisServer | undefined;
    let service: Service | undefined;

    beforeAll(async () => {
      // Of its own: the suite reads the whole journal of the default tenant, and others fill and trim it too.
      redis = await startRedis();
      service = await startService({ ...env, REDIS_URL: redis.url });
      for (const result of await runConformance({ ...options, url: service.url })) {
        results.set(`${result.section} ${result.name}`, result);
      }
    }, 180_000);

    afterAll(async () => {
      await service?.stop();
      await redis?.stop();
    });

    const wanted = (options.only ?? '').toLowerCase();
    for (const { title, checks } of sections) {
      const own = checks.filter(({ name }) => `${title} ${name}`.toLowerCase().includes(wanted));
      if (own.length === 0) continue;
      describe(title, () => {
        for (const { name } of own) {
          it(name, () => {
            const result = results.get(`${title} ${name}`);
            if (result?.outcome !== 'skipped') expect(result).toMatchObject({ outcome: 'passed' });
          });
        }
      });
    }

    it('skips no check that it could make', () => {
      const left = [...results.values()].filter(({ outcome }) => outcome === 'skipped');
      expect(left.map(({ name }) => name)).toHaveLength(skipped);
    });
  });
}

const heartbeatMs = 2000;

describe('Protocol conformance', () => {
  // Trimmed logs and expired runs are the next one's.
  conformanceOf('with the default limits', { SSE_HEARTBEAT_MS: String(heartbeatMs) }, { heartbeatMs }, 4);

  conformanceOf(
    'with a short memory',
    { EVENT_MAX_LENGTH: '200', EVENT_TTL_SECONDS: '3' },
    { eventMaxLength: 200, eventTtlSeconds: 3, only: 'gap' },
    0,
  );

  conformanceOf(
    'with a short retention',
    { EVENT_TTL_SECONDS: '2' },
    { eventTtlSeconds: 2, only: 'retention' },
    0,
  );

  conformanceOf(
    'for a tenant',
    { MULTI_TENANCY_ENABLED: 'true' },
    { headers: { 'X-Tenant-ID': 'conformance' }, only: '3 Runs' },
    1,
  );
});
