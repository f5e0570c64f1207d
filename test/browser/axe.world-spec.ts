import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { ask } from '../access/ask.js';
import { TestKeys } from '../access/keys.js';
import type { Serving } from '../support/service.js';
import { TestBed } from '../support/test-bed.js';
import { findingsOf } from './axe.js';
import { type Scene, scenesOf } from './scenes.js';
import { describeInBrowser, openBrowser, visit } from './visit.js';

const PATIENT = { timeout: 60_000 };
const LOOKS = [
  { colorScheme: 'light', width: 1280 },
  { colorScheme: 'dark', width: 1280 },
  { colorScheme: 'light', width: 390 },
  { colorScheme: 'dark', width: 390 },
] as const;

const bed = new TestBed();
let browser: Browser;
let service: Serving;
let empty: Serving;
let closed: Serving;
let keys: TestKeys;
let scenes: Scene[];

async function createRun(task: string, events: object[]): Promise<string> {
  const { json } = await ask(service.url, 'POST', '/runs', { json: { task, labels: { project: 'web' } } });
  const id = String(json?.['id']);
  await ask(service.url, 'POST', `/runs/${id}/events`, { json: events });
  return id;
}

/** Everything that axe finds in these scenes, by scene. */
async function findings(url: string, all: readonly Scene[], look: (typeof LOOKS)[number], key?: string) {
  const { colorScheme, width } = look;
  const { page, context } = await visit(browser, url, { colorScheme, viewport: { width, height: 800 } });
  const found: string[] = [];
  try {
    if (key !== undefined) {
      await page.getByLabel('API key').fill(key);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('button', { name: 'Sign out' }).waitFor(PATIENT);
    }
    for (const { name, path, shows, act } of all) {
      // Another place of the same page is no new page: this is.
      await page.goto('about:blank');
      await page.goto(`${url}/${path}`);
      await page.locator('main h1').first().waitFor(PATIENT);
      await act?.(page);
      await page.locator('body').filter({ hasText: shows }).waitFor(PATIENT);
      found.push(...(await findingsOf(page)).map((finding) => `${name}: ${finding}`));
    }
  } finally {
    await context.close();
  }
  return found;
}

describeInBrowser('axe finds nothing', () => {
  beforeAll(async () => {
    const [ofRuns, ofNone] = await Promise.all([bed.startRedis(), bed.startRedis()]);
    [browser, service, empty, closed, keys] = await Promise.all([
      openBrowser(),
      bed.serveHere({ REDIS_URL: ofRuns.url }),
      bed.serveHere({ REDIS_URL: ofNone.url }),
      bed.serveHere({ AUTH_MODE: 'api-key' }),
      TestKeys.open(),
    ]);
    const said = {
      event: { category: 'llm', action: 'stream' },
      source: { agent_id: 'a1' },
      data: { content: 'x' },
      // With a silence after it, there is something to draw.
      timestamp: new Date(Date.now() - 120_000).toISOString(),
    };
    const line = { event: { category: 'log', action: 'stderr' }, data: { line: '\u001b[31mno\u001b[0m' } };
    const end = {
      event: { category: 'lifecycle', action: 'failed' },
      data: { error: { message: 'exit code 1' } },
    };
    scenes = scenesOf({
      failed: await createRun('deploy', [said, line, end]),
      running: await createRun('review', [said, line]),
    });
  });
  afterAll(async () => {
    await browser.close();
    await keys.close();
    await bed.close();
  });

  it.each(LOOKS)('on any page, $colorScheme, $width pixels wide', async (look) => {
    expect(await findings(service.url, scenes, look)).toEqual([]);
  });

  it.each(LOOKS)(
    'where there are no runs, and on the way in, $colorScheme, $width pixels wide',
    async (look) => {
      const none = [{ name: 'no runs', path: '#/', shows: 'There are no runs yet' }];
      const signIn = [{ name: 'sign in', path: '#/', shows: 'Sign in' }];
      const inside = [{ name: 'keys', path: '#/keys', shows: 'Keys' }];
      const { secret } = await keys.create('default');
      expect([
        ...(await findings(empty.url, none, look)),
        ...(await findings(closed.url, signIn, look)),
        ...(await findings(closed.url, inside, look, secret)),
      ]).toEqual([]);
    },
  );
});
