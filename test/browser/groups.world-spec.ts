import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { GroupOverviews } from '../../src/consumer/overview/group-overviews.js';
import { GroupSamples } from '../../src/consumer/overview/group-samples.js';
import { EventStore, RedisConnections } from '../../src/internal.js';
import { ask } from '../access/ask.js';
import { TestKeys } from '../access/keys.js';
import { startApplication, type TestApplication } from '../support/application.js';
import { eventually } from '../support/eventually.js';
import { type RedisServer, startRedis } from '../support/redis.js';
import { serveHere, type Serving } from '../support/service.js';
import { archive, copied, EVIL, EVIL_SHOWN, Shop } from './shop.js';
import { describeInBrowser, openBrowser } from './visit.js';

const TENANT = 'default';
let redis: RedisServer;
let shop: TestApplication;
let locked: Serving;
let keys: TestKeys;
let browser: Browser;
let context: BrowserContext;
let run: string;
/** What the page complained of, or asked of a person by itself: its policy, its script, dialogs. */
let complaints: string[] = [];

async function visit(hash: string, url = shop.url): Promise<Page> {
  context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
  const page = await context.newPage();
  complaints = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => complaints.push(dialog.message()));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(message.text());
  });
  await page.goto(`${url}/${hash}`);
  return page;
}

async function say(type: 'log.stdout' | 'log.stderr' | 'patch.created', data: object): Promise<void> {
  const [category, action] = type.split('.');
  const { status } = await ask(shop.url, 'POST', `/runs/${run}/events`, {
    json: { event: { category, action }, data },
  });
  expect(status).toBe(201);
}

interface GroupAnswer {
  group: string;
  pending: number;
  lag: number;
  delayed_retries: number;
  dead_letters: number;
}

async function group(name: string): Promise<GroupAnswer> {
  const { json } = await ask(shop.url, 'GET', '/consumers');
  return (json?.['groups'] as GroupAnswer[]).find((one) => one.group === name)!;
}

const sees = (page: Page, text: string | RegExp): Promise<void> =>
  page.locator('main').getByText(text).first().waitFor({ timeout: 60_000 });

/** Goes there with the keyboard alone. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  await target.waitFor();
  for (let presses = 0; presses < 80; presses++) {
    await page.keyboard.press('Tab');
    if ((await target.and(page.locator(':focus')).count()) === 1) return;
  }
  throw new Error('The keyboard does not come there.');
}

describeInBrowser('The pages of groups, dead letters and keys', () => {
  beforeAll(async () => {
    redis = await startRedis();
    [shop, locked, keys, browser] = await Promise.all([
      startApplication({ redis: { url: redis.url } }, { imports: [Shop] }),
      serveHere({ AUTH_MODE: 'api-key', REDIS_URL: redis.url }),
      TestKeys.open(redis.url),
      openBrowser(),
    ]);
    const { json } = await ask(shop.url, 'POST', '/runs', { json: { task: 'Deploy the shop' } });
    run = String(json?.['id']);
  });
  afterEach(() => context.close());
  afterAll(async () => {
    await browser.close();
    await Promise.all([shop.close(), locked.stop(), keys.close()]);
    await redis.stop();
  });

  it('C5 says of a paused group that it is, and how much waits; resumed, it goes on', async () => {
    const page = await visit('#/groups/copies');
    await page.getByRole('button', { name: 'Pause' }).click();
    await sees(page, /^Paused: what is being handled is finished/);
    await say('log.stdout', { line: 'one' });
    await say('log.stdout', { line: 'two' });
    await page.getByRole('link', { name: '‹ Groups' }).click();
    await sees(
      page,
      /Paused( at \d\d:\d\d)?: nothing is begun until it is resumed\. \d+ events wait, the oldest for \d/,
    );
    await page.getByRole('cell', { name: 'paused', exact: true }).waitFor();
    expect(copied).toEqual([]);

    await page.getByRole('link', { name: 'copies' }).click();
    await page.getByRole('button', { name: 'Resume' }).click();
    await sees(page, 'Resumed.');
    await sees(page, 'Everything is handled.');
    expect(copied).toEqual(['one', 'two']);
    expect(complaints).toEqual([]);
  });

  it('C5 says of a group that nobody handles who did, whatever it is called; and deletes it when it is named', async () => {
    const commands = shop.app.get(RedisConnections, { strict: false }).commands;
    const { journal } = shop.app.get(EventStore, { strict: false }).keys.partition(TENANT, 0);
    await commands.xgroup('CREATE', journal, 'orphan', '$');
    await commands.xgroup('CREATECONSUMER', journal, 'orphan', `${EVIL}.30000`);
    await say('log.stdout', { line: 'for nobody' });
    const page = await visit('#/groups');
    await sees(page, /Nobody handles it \(last: /);
    const why = page.locator('.why').filter({ hasText: 'Nobody handles it' });
    expect(await why.textContent()).toMatch(/, (now|\d+ s ago)\)\. 1 event waits, the oldest for \d/);
    expect(await why.locator('bdi').textContent()).toBe(EVIL_SHOWN);
    await page.getByRole('row', { name: /orphan.*stuck/ }).waitFor();
    // The worst is first.
    expect(await page.getByRole('rowheader').first().textContent()).toBe('orphan');

    await page.getByRole('link', { name: 'orphan' }).click();
    await page.getByRole('button', { name: 'Delete…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Delete orphan' });
    const button = dialog.getByRole('button', { name: 'Delete' });
    expect(await button.isDisabled()).toBe(true);
    await dialog.getByLabel(/to confirm/).fill('orpha');
    expect(await button.isDisabled()).toBe(true);
    await dialog.getByLabel(/to confirm/).fill('orphan');
    await button.click();
    // The service knows better: that consumer was there within the last minute.
    await dialog.getByRole('alert').getByText('GROUP_IN_USE').waitFor();
    await commands.xgroup('DELCONSUMER', journal, 'orphan', `${EVIL}.30000`);
    await button.click();
    await page.getByRole('heading', { name: /^Groups/ }).waitFor();
    await page.getByRole('link', { name: 'copies' }).waitFor();
    expect(await page.getByRole('link', { name: 'orphan' }).count()).toBe(0);
    expect([await page.title(), await page.locator('main img').count(), complaints]).toEqual([
      expect.not.stringContaining('taken'),
      0,
      [],
    ]);
  });

  it('C5 names the event that is tried again and again, its run, and when it is next', async () => {
    await say('log.stderr', { line: 'a bill' });
    await eventually('it has failed', async () => (await group('billing')).delayed_retries === 1);
    const page = await visit('#/groups');
    await sees(
      page,
      /Event \d+-\d+ of run …?\S+: attempt 1 of 5, next in [\d ms]+, last error connect ECONNREFUSED/,
    );
    await say('log.stderr', { line: 'another bill' });
    await sees(page, '2 events are tried again and again: connect ECONNREFUSED 10.0.0.12:5432');

    await page.getByRole('link', { name: 'billing' }).click();
    const pending = page.getByRole('region', { name: 'Pending' });
    const row = pending.getByRole('row', { name: /log\.stderr .* delayed .* connect ECONNREFUSED/ });
    await row.first().waitFor();
    expect(await row.count()).toBe(2);
    await page.getByRole('region', { name: 'Consumers' }).getByText('● runs').waitFor();
    await row.first().getByRole('link').click();
    await page.waitForURL((url) => url.hash === `#/runs/${run}`);
    expect(complaints).toEqual([]);
  });

  it('redrives dead letters of one error by the keyboard alone, and says what came of it', async () => {
    for (let n = 0; n < 6; n++) await say('patch.created', { name: `box ${n}` });
    await say('patch.created', { name: 'evil' });
    await eventually('all are dead', async () => (await group('archive')).dead_letters === 7);
    archive.isFull = false;
    const page = await visit('#/dead-letters?group=archive');
    await sees(page, '6 dead letters of archive');
    const evil = page.getByRole('region', { name: '1 dead letter of archive' });
    expect(await evil.getByRole('heading').first().textContent()).toBe(EVIL_SHOWN);
    // Somebody else is faster with one of them.
    const { json } = await ask(shop.url, 'GET', '/dead-letters?group=archive');
    const letters = json?.['dead_letters'] as { id: string; error: string }[];
    const other = letters.find(({ error }) => error.startsWith('Shelf'))!;
    await ask(shop.url, 'DELETE', `/dead-letters/${other.id}`);

    await tabTo(page, page.getByRole('button', { name: 'Redrive these 6' }));
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Redrive 6 dead letters' });
    await tabTo(page, dialog.getByRole('button', { name: 'Redrive' }));
    await page.keyboard.press('Enter');
    await sees(page, 'Redriven 5 dead letters. 1 was gone already.');
    await eventually('they are handled', () => archive.names.length === 5);
    // What was pressed is gone, and the keyboard goes on from within the page.
    await eventually('the focus is somewhere', () =>
      page.evaluate(
        "document.activeElement !== document.body && document.activeElement.closest('main') !== null",
      ),
    );

    await tabTo(page, evil.getByRole('button', { name: 'patch.created' }));
    await page.keyboard.press('Enter');
    expect(await evil.getByLabel('Event', { exact: true }).textContent()).toContain('"name": "evil"');
    expect(await evil.getByLabel('Error', { exact: true }).textContent()).toBe(EVIL_SHOWN);
    await tabTo(page, evil.getByRole('button', { name: 'Delete', exact: true }));
    await page.keyboard.press('Enter');
    await sees(page, 'Deleted 1 dead letter.');
    await sees(page, 'The group archive has given nothing up.');
    expect(archive.names).not.toContain('evil');
    expect([await page.title(), complaints]).toEqual([expect.not.stringContaining('taken'), []]);
  });

  it('replays a group from its start once it is named, and says before how much that is', async () => {
    const before = copied.length;
    expect(before).toBeGreaterThan(0);
    const page = await visit('#/groups/copies');
    await page.getByRole('button', { name: 'Replay…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Replay copies' });
    await dialog.getByText(`${before} events of its types are kept from there on.`).waitFor();
    await dialog.getByText('an event, by its journal id').click();
    await dialog.getByRole('textbox', { name: 'Journal id' }).fill('9999999999999-0');
    await dialog.getByText('0 events of its types are kept from there on.').waitFor();
    await dialog.getByText('the oldest event that is kept').click();
    const button = dialog.getByRole('button', { name: 'Replay' });
    expect(await button.isDisabled()).toBe(true);
    await dialog.getByLabel(/to confirm/).fill('copies');
    await button.click();
    await sees(page, /^Replayed: \d+ events? to be given out\./);
    await eventually('all came again', () => copied.length === 2 * before);
    expect(complaints).toEqual([]);
  });

  it('draws the last hour where Trusted Types are on, tells it as a table, and loads that here only', async () => {
    const overviews = shop.app.get(GroupOverviews, { strict: false });
    const samples = shop.app.get(GroupSamples, { strict: false });
    const overview = await overviews.of('copies');
    for (let minutes = 5; minutes > 0; minutes--)
      await samples.add({ ...overview, lag: 1000 * minutes }, Date.now() - minutes * 60_000);
    const page = await visit('#/');
    const scripts: string[] = [];
    page.on('request', (request) => scripts.push(request.url()));
    await page.getByRole('heading', { name: 'Runs', exact: true }).waitFor();
    expect(scripts.filter((url) => /\/(draw|groups)/.test(url))).toEqual([]);
    await page.goto(`${shop.url}/#/groups?plot=copies`);
    const plot = page.getByRole('img', { name: /Lag, age and rates of copies/ });
    await plot.locator('canvas').nth(2).waitFor();
    expect(scripts.filter((url) => url.includes('/draw-'))).toHaveLength(1);
    const hour = page.getByRole('region', { name: /The last hour/ });
    await hour.getByText('As a table').click();
    expect(await hour.getByRole('cell', { name: '3\u202f000' }).count()).toBe(1);
    // What was drawn is seen: some of its pixels are of the line's colour.
    const isDrawn = await plot
      .locator('canvas')
      .first()
      .evaluate((canvas) => {
        const { width, height } = canvas as unknown as { width: number; height: number };
        const drawn = (
          canvas as unknown as {
            getContext(kind: string): { getImageData(...at: number[]): { data: Uint8Array } };
          }
        )
          .getContext('2d')
          .getImageData(0, 0, width, height).data;
        // Blue, and not the grey of its axes.
        return drawn.some((value, at) => at % 4 === 2 && value - (drawn[at - 2] ?? 0) > 100);
      });
    expect([isDrawn, complaints]).toEqual([true, []]);
  });

  it('asks for nothing while nobody looks', async () => {
    const page = await visit('#/');
    await page.clock.install();
    let asked = 0;
    page.on('request', (request) => {
      if (request.url().endsWith('/consumers')) asked++;
    });
    await page.goto(`${shop.url}/#/groups`);
    await page.getByRole('link', { name: 'copies' }).waitFor();
    await eventually('it asks again', async () => {
      await page.clock.runFor(1000);
      return asked > 2;
    });
    const look = (isHidden: boolean): Promise<unknown> =>
      page.evaluate(
        `Object.defineProperty(document, 'hidden', { value: ${isHidden}, configurable: true });
         document.dispatchEvent(new Event('visibilitychange'))`,
      );
    await look(true);
    // One that was under way may end.
    await page.clock.runFor(6000);
    const before = asked;
    await page.clock.runFor(120_000);
    expect(asked).toBe(before);
    await look(false);
    await eventually('it asks at once', () => asked > before);
    // Nor where nobody is any more.
    await page.goto(`${shop.url}/#/`);
    await page.getByRole('heading', { name: 'Runs', exact: true }).waitFor();
    const after = asked;
    await page.clock.runFor(120_000);
    // But for the frame, which looks every 15 s.
    expect(asked - after).toBeLessThanOrEqual(8);
    expect(complaints).toEqual([]);
  });

  it('makes a key, shows it this once, and revokes it', async () => {
    const mine = await keys.create(TENANT, ['keys:admin', 'runs:read']);
    const page = await visit('#/keys', locked.url);
    await page.getByLabel('API key').fill(mine.secret);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Make a key…' }).click();
    const dialog = page.getByRole('dialog');
    // No more than the maker's own.
    expect(await dialog.getByRole('checkbox').count()).toBe(2);
    await dialog.getByLabel(/^Name/).fill(EVIL);
    await dialog.getByRole('button', { name: 'Make it' }).click();
    const secret = (await dialog.locator('.secret').textContent())?.trim() ?? '';
    await dialog.getByRole('button', { name: 'Copy the key' }).click();
    await dialog.getByText('✓ copied').waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(secret);
    await dialog.getByRole('button', { name: 'Done' }).click();
    const seen = 'JSON.stringify([localStorage, sessionStorage]) + document.documentElement.outerHTML';
    expect(await page.evaluate(seen)).not.toContain(secret);

    const headers = { authorization: `Bearer ${secret}` };
    const used = await ask(locked.url, 'GET', '/runs', { headers });
    const refused = await ask(locked.url, 'GET', '/consumers', { headers });
    expect([used.status, refused.status]).toEqual([200, 403]);
    await page.reload();
    const row = page.getByRole('row').filter({ hasText: EVIL_SHOWN });
    await row.getByText('● good').waitFor();
    await row.getByRole('button', { name: /^Revoke/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await row.getByText('✕ revoked').waitFor();
    expect((await ask(locked.url, 'GET', '/runs', { headers })).status).toBe(401);
    expect([await page.title(), complaints]).toEqual([expect.not.stringContaining('taken'), []]);

    await page.goto(`${locked.url}/#/groups`);
    await sees(page, /lacks the scope consumers:admin/);
  });

  it('says beside what was asked for what the service answered, and under which request', async () => {
    const page = await visit('#/groups/nothing');
    const alert = page.getByRole('alert').filter({ hasText: 'GROUP_NOT_FOUND' });
    await alert.waitFor();
    expect(await alert.textContent()).toMatch(/request [0-9a-f-]{36}/);
    await page.route('**/consumers/copies/pause', (route) =>
      route.fulfill({
        status: 503,
        contentType: 'application/json',
        body: JSON.stringify({ code: 'REDIS_UNAVAILABLE', message: 'The store is away.', request_id: 'abc' }),
      }),
    );
    await page.goto(`${shop.url}/#/groups/copies`);
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('alert').getByText('The store is away.').waitFor();
    expect(await page.getByRole('button', { name: 'Pause' }).isEnabled()).toBe(true);
    expect(complaints).toEqual([]);
  });
});
