import { describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { startRedis } from '../support/redis.js';
import { serveHere } from '../support/service.js';
import { startScript } from '../support/child.js';
import { conformanceOf, runsOf } from './conformance-of.js';

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
