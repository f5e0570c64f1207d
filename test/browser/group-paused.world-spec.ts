import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { ask } from '../access/ask.js';
import { TestKeys } from '../access/keys.js';
import { startApplication } from '../support/application.js';
import { eventually } from '../support/eventually.js';
import type { Serving } from '../support/service.js';
import { TestBed } from '../support/test-bed.js';
import { BusyModule } from './axe/busy-module.js';
import { describeInBrowser, openBrowser, visit } from './visit.js';

const PATIENT = { timeout: 60_000 };

const bed = new TestBed();
let browser: Browser;
let service: Serving;
let keys: TestKeys;

describeInBrowser('a group that somebody has paused with a key', () => {
  beforeAll(async () => {
    const redis = await bed.startRedis();
    const handling = await startApplication({ redis: { url: redis.url } }, { imports: [BusyModule] });
    bed.onClose(() => handling.close());
    [browser, service, keys] = await Promise.all([
      openBrowser(),
      bed.serveHere({ AUTH_MODE: 'api-key', REDIS_URL: redis.url }),
      TestKeys.open(redis.url),
    ]);
  });
  afterAll(async () => {
    await browser.close();
    await keys.close();
    await bed.close();
  });

  it('names that key and the time, over HTTP and on its page, and the key that pauses it again', async () => {
    const [mine, other] = [await keys.create('default'), await keys.create('default')];
    const call = async (method: string, path: string, { headers } = mine) => {
      const { status, json } = await ask(service.url, method, `/consumers/copies${path}`, { headers });
      expect([path, status]).toEqual([path, 200]);
      return json ?? {};
    };
    await eventually('it is handled', async () => {
      const { status } = await ask(service.url, 'GET', '/consumers/copies', mine);
      return status === 200;
    });
    const before = Date.now();
    expect(await call('POST', '/pause')).toMatchObject({ paused: true, paused_by: mine.id });
    const { paused_by, paused_at } = await call('GET', '', other);
    expect(paused_by).toBe(mine.id);
    expect(Math.abs(Date.parse(String(paused_at)) - before)).toBeLessThan(60_000);
    // It was paused by then: who asks for it again has not done it.
    await call('POST', '/pause', other);
    expect(await call('GET', '')).toMatchObject({ paused_by: mine.id, paused_at });

    const { page, context, complaints } = await visit(browser, `${service.url}/#/groups/copies`);
    await page.getByLabel('API key').fill(other.secret);
    await page.keyboard.press('Enter');
    const reasons = page.locator('.reasons');
    await reasons.filter({ hasText: `Paused by ${mine.id} at ` }).waitFor(PATIENT);
    const local = await page.evaluate(`new Date(${JSON.stringify(paused_at)}).toTimeString().slice(0, 5)`);
    expect(await reasons.textContent()).toContain(`Paused by ${mine.id} at ${String(local)}`);
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('button', { name: 'Pause' }).click();
    await reasons.filter({ hasText: `Paused by ${other.id} at ` }).waitFor(PATIENT);
    expect(await call('GET', '')).toMatchObject({ paused_by: other.id });
    await call('POST', '/resume');
    const resumed = await call('GET', '');
    expect(resumed).not.toHaveProperty('paused_by');
    expect(resumed).not.toHaveProperty('paused_at');
    await context.close();
    expect(complaints).toEqual([]);
  });
});
