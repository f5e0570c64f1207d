import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { type RedisServer, startRedis } from '../support/redis.js';
import { serveHere, type Serving } from '../support/service.js';
import { startScript } from '../support/child.js';
import type { CheckResult } from './runner.js';
import { sections } from './suite.js';

/** One run of the suite against a service of its own, with each check as a test. */
function conformanceOf(
  what: string,
  env: NodeJS.ProcessEnv,
  /** Of the command line. */
  args: string[],
  only: string,
  /** What this set-up can't know, and another one does. */
  skipped: number,
): void {
  describe(what, () => {
    const results = new Map<string, CheckResult>();
    let left: number | undefined;
    let redis: RedisServer | undefined;
    let service: Serving | undefined;

    beforeAll(async () => {
      // Of its own: the suite reads the whole journal of the default tenant, and others fill and trim it too.
      redis = await startRedis();
      service = await serveHere({ ...env, REDIS_URL: redis.url });
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
      await redis?.stop();
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

async function runsOf(url: string): Promise<number> {
  const response = await fetch(`${url}/runs`, { headers: { 'X-Tenant-ID': 'conformance' } });
  return ((await response.json()) as { count: number }).count;
}

describe('The command line of the suite', () => {
  it('N7 deletes its runs after a Ctrl-C, too', async () => {
    const redis = await startRedis();
    const service = await serveHere({ REDIS_URL: redis.url });
    try {
      const cli = startScript('test/conformance/cli.ts', ['--url', service.url]);
      await eventually('it has made runs', async () => (await runsOf(service.url)) > 5);
      cli.process.kill('SIGINT');
      expect(await cli.exit()).toBe(130);
      expect(cli.lines.join('\n')).toMatch(/Its \d+ runs are deleted/);
      expect(await runsOf(service.url)).toBe(0);
    } finally {
      await service.stop();
      await redis.stop();
    }
  });

  it('says what a server asks for, and what is none', async () => {
    const service = await serveHere({ AUTH_MODE: 'api-key' });
    const tenants = await serveHere({ MULTI_TENANCY_ENABLED: 'true' });
    try {
      const expected: [string, RegExp][] = [
        [service.url, /UNAUTHORIZED[^]*--header 'Authorization: Bearer/],
        [tenants.url, /--header 'X-Tenant-ID/],
        [`${service.url}/docs?`, /is no Runstream server/],
      ];
      for (const [url, what] of expected) {
        const cli = startScript('test/conformance/cli.ts', ['--url', url]);
        expect([await cli.exit(), cli.lines.join('\n')]).toEqual([2, expect.stringMatching(what)]);
      }
    } finally {
      await Promise.all([service.stop(), tenants.stop()]);
    }
  });
});

describe('Protocol conformance', () => {
  // Trimmed logs and expired runs are the next one's.
  conformanceOf('with the default limits', { SSE_HEARTBEAT_MS: '2000' }, ['--heartbeat-ms', '2000'], '', 4);

  conformanceOf(
    'with a short memory',
    { EVENT_MAX_LENGTH: '200', EVENT_TTL_SECONDS: '3' },
    ['--event-max-length', '200', '--event-ttl-seconds', '3'],
    'gap',
    0,
  );

  conformanceOf(
    'with a short retention',
    { EVENT_TTL_SECONDS: '2' },
    ['--event-ttl-seconds', '2'],
    'retention',
    0,
  );

  conformanceOf(
    'for a tenant',
    { MULTI_TENANCY_ENABLED: 'true' },
    ['--header', 'X-Tenant-ID: conformance'],
    '3 Runs',
    1,
  );
});
