import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { Browser, Locator, Page } from 'playwright-core';
import { DashboardModule } from '../../src/index.js';
import { ask } from '../access/ask.js';
import type { TestApplication } from '../support/application.js';
import { eventually } from '../support/eventually.js';
import type { RedisServer } from '../support/redis.js';
import { startApplication } from '../support/application.js';
import { TestBed } from '../support/test-bed.js';
import { describeInBrowser, openBrowser, type Visit, visit } from './visit.js';

const bash = promisify(execFile);
const MINUTE_MS = 60_000;
/** Long enough on any machine. */
const PATIENT = { timeout: 60_000 };

const bed = new TestBed();
let browser: Browser;
let redis: RedisServer;
let service: TestApplication;
let seen: Visit;

const row = (page: Page, task: string | RegExp): Locator => page.getByRole('row').filter({ hasText: task });
const rows = (page: Page): Locator =>
  page.getByRole('table', { name: 'Runs' }).locator('tbody').getByRole('row');
const says = (locator: Locator, text: string | RegExp): Promise<void> =>
  locator.filter({ hasText: text }).waitFor(PATIENT);
/** A name that no other run of the file has. */
const marker = (): string => Math.random().toString(36).slice(2);

async function createRun(task: string, more: object = {}): Promise<string> {
  const { json } = await ask(service.url, 'POST', '/runs', { json: { task, ...more } });
  return String(json?.['id']);
}

async function append(id: string, type: string, data: object = {}): Promise<void> {
  const [category, action] = type.split('.');
  await ask(service.url, 'POST', `/runs/${id}/events`, { json: { event: { category, action }, data } });
}

async function open(hash = ''): Promise<Page> {
  seen = await visit(browser, `${service.url}/${hash}`, { viewport: { width: 1280, height: 800 } });
  return seen.page;
}

describeInBrowser('the runs of the dashboard', () => {
  beforeAll(async () => {
    redis = await bed.startRedis({ appendOnly: true });
    [browser, service] = await Promise.all([
      openBrowser(),
      startApplication(
        { redis: { url: redis.url }, executors: { enabled: false, recordingsDir: 'test/fixtures' } },
        { imports: [DashboardModule.forRoot()] },
      ),
    ]);
  });
  afterEach(() => seen.context.close());
  afterAll(async () => {
    await browser.close();
    await service.close();
    await bed.close();
  });

  it('begins with three lines that work, and a demo run; and asks nobody but the service', async () => {
    seen = await visit(browser, 'about:blank');
    const { page } = seen;
    const origins = new Set<string>();
    page.on('request', (request) => origins.add(new URL(request.url()).origin));
    await page.goto(service.url);
    const lines = await page.getByLabel('Three lines to paste').textContent(PATIENT);
    await page.getByRole('button', { name: 'Play a demo run' }).click();
    await page.getByRole('heading', { name: 'Demo: fix a flaky test' }).waitFor(PATIENT);
    expect(page.url()).toMatch(/#\/runs\/r0_/);
    await page.goBack();
    // Where it clicked there are rows now, and none moves under the pointer.
    await page.mouse.move(0, 0);
    await says(row(page, 'Demo: fix a flaky test'), 'running');
    await bash('bash', ['-c', lines ?? '']);
    await says(row(page, 'say hello'), /completed.*hello/);
    await says(row(page, 'Demo: fix a flaky test'), /completed.*every day of the week/);
    expect([...origins]).toEqual([service.url]);
    expect(seen.complaints).toEqual([]);
  });

  it('N5 says how each run stands, without a click', async () => {
    const [failed, done, cancelled] = await Promise.all(
      ['deploy', 'review', 'stop'].map((task) => createRun(task)),
    );
    await createRun('talk', { labels: { project: 'web' }, key: 'chat-42' });
    await createRun('lint', { executor: 'replay', input: { recording: 'made-up-run' } });
    await append(failed!, 'lifecycle.failed', { error: { message: 'exit code 1' } });
    await append(done!, 'lifecycle.completed', { result: 'All 41 tests pass.' });
    await ask(service.url, 'POST', `/runs/${cancelled}/cancel`, { json: {} });
    let page = await open();
    await says(row(page, 'deploy'), /failed.*exit code 1/);
    await says(row(page, 'review'), /completed.*All 41 tests pass\./);
    await says(row(page, 'stop'), /cancelled.*cancelled .* ago/);
    await says(row(page, 'talk'), /running.*chat-42.*project:web.*said something/);
    await says(row(page, 'lint'), /pending.*no live instance has “replay”/);
    await says(page.locator('main'), /1 pending.*1 failed in 1 h/);
    expect(await page.title()).toBe('✕ 1 · Runstream');
    await seen.context.close();

    // The same after a while, in which nobody has said anything.
    seen = await visit(browser, 'about:blank');
    ({ page } = seen);
    await page.goto(service.url);
    // Once it knows by how much its clock differs from the service's.
    await says(row(page, 'talk'), 'running');
    await page.clock.setSystemTime(Date.now() + 17 * MINUTE_MS);
    await says(row(page, 'talk'), /quiet.*silent for 17 m .* · its producer is outside/);
    await says(page.locator('main'), /1 quiet/);
  });

  it('shows text as text', async () => {
    const name = marker();
    const evil = `${name}<img src=x onerror="document.title='taken'">\u202egnp.exe\u0007`;
    const id = await createRun(evil, {
      labels: { [`<b>${name}`]: '<script>x</script>\u2066' },
      key: '<i>key',
    });
    await append(id, 'lifecycle.failed', { error: { message: '<svg onload=alert(1)>\u202e' } });
    const page = await open(`#/?task=${encodeURIComponent(`${name}<img`)}`);
    await says(row(page, name), '<svg onload=alert(1)>\\u202e');
    const text = await row(page, name).textContent();
    expect(text).toContain('onerror="document.title=\'taken\'">\\u202egnp.exe\\u0007');
    expect(text).toContain('<script>x</script>\\u2066');
    expect(await page.locator('main').locator('img, svg, script, b:has-text("<"), i').count()).toBe(0);
    expect(await page.title()).not.toMatch(/taken/);
    expect(seen.complaints).toEqual([]);
  });

  it('is live, and no row moves under the pointer', async () => {
    const name = marker();
    const first = await createRun(`${name} first`);
    const page = await open();
    await says(page.locator('header'), 'live');
    await createRun(`${name} second`);
    await says(rows(page).first(), `${name} second`);

    await row(page, `${name} first`).hover();
    const box = await row(page, `${name} first`).boundingBox();
    for (const number of [3, 4, 5]) await createRun(`${name} number ${number}`);
    await page.getByRole('button', { name: '3 new runs' }).waitFor(PATIENT);
    await append(first, 'lifecycle.completed', { result: 'in its place' });
    await says(row(page, `${name} first`), /completed.*in its place/);
    expect(await row(page, `${name} first`).boundingBox()).toEqual(box);
    expect(await row(page, `${name} number`).count()).toBe(0);
    await page.getByRole('button', { name: '3 new runs' }).click();
    await says(rows(page).first(), `${name} number 5`);
    await says(rows(page).nth(3), `${name} second`);
    expect(seen.complaints).toEqual([]);
  });

  it('polls where other tabs of the browser have all streams, and says so', async () => {
    const name = marker();
    const page = await open('docs-json');
    await page.evaluate(
      `[0, 1, 2, 3].forEach((n) => navigator.locks.request('runstream-stream-' + n, () => new Promise(() => {})))`,
    );
    const list = await seen.context.newPage();
    await list.goto(`${service.url}/#/?task=${name}`);
    await says(list.locator('header'), 'polling: too many tabs');
    await createRun(`${name} later`);
    await row(list, `${name} later`).waitFor(PATIENT);
    await page.close();
    await says(list.locator('header'), '● live');
  });

  it('filters by what stands in the address; without a hit it says what was looked for', async () => {
    const name = marker();
    const failed = await createRun(`${name} a`, { labels: { team: name } });
    await append(failed, 'lifecycle.failed', { error: 'no' });
    await createRun(`${name} b`, { key: `${name} key` });
    const page = await open();
    await page.getByRole('searchbox', { name: 'Task contains' }).fill(name.toUpperCase());
    await eventually('two are found', async () => (await rows(page).count()) === 2);
    await page.getByRole('button', { name: 'failed', exact: true }).click();
    await eventually('one of them failed', async () => (await rows(page).count()) === 1);
    const address = new URLSearchParams(new URL(page.url()).hash.replace('#/?', ''));
    expect(Object.fromEntries(address)).toEqual({ status: 'failed', task: name.toUpperCase() });
    await page.reload();
    await says(rows(page).first(), `${name} a`);
    expect(await rows(page).count()).toBe(1);
    expect(await page.getByRole('button', { name: 'failed', exact: true }).getAttribute('aria-pressed')).toBe(
      'true',
    );

    await page.getByRole('searchbox', { name: 'Key' }).fill(`${name} key`);
    await page.getByRole('heading', { name: 'No run matches' }).waitFor(PATIENT);
    await page.getByRole('button', { name: 'failed, drop it' }).waitFor();
    await page.getByRole('button', { name: `task contains “${name.toUpperCase()}”, drop it` }).waitFor();
    await page.getByRole('button', { name: 'failed, drop it' }).click();
    await says(rows(page).first(), `${name} b`);

    for (const query of [`label=team:${name}`, `label=team%3A${name}&since=15m&executor=external`]) {
      await page.goto(`${service.url}/#/?${query}`);
      await says(rows(page).first(), `${name} a`);
      expect(await rows(page).count()).toBe(1);
    }
    await page.goto(`${service.url}/#/?status=nonsense&since=never&task=${name}`);
    await eventually('what is no filter is none', async () => (await rows(page).count()) === 2);
    expect(seen.complaints).toEqual([]);
  });

  it('goes on with older ones where it is scrolled to its end', async () => {
    const name = marker();
    for (let from = 0; from < 120; from += 20)
      await Promise.all(Array.from({ length: 20 }, (_, n) => createRun(`${name} ${from + n}`)));
    const page = await open(`#/?task=${name}`);
    await eventually('the first page', async () => (await rows(page).count()) >= 50);
    await eventually('all of them', async () => {
      await rows(page).last().scrollIntoViewIfNeeded();
      return (await rows(page).count()) === 120;
    });
    const tasks = await rows(page).getByRole('link').allTextContents();
    expect(new Set(tasks).size).toBe(120);
    expect(seen.complaints).toEqual([]);
  });

  it('starts a run: with fields, or as JSON that says where it is wrong', async () => {
    const name = marker();
    const page = await open();
    await page.getByRole('heading', { name: 'Runs', exact: true }).waitFor();
    await page.keyboard.press('n');
    const dialog = page.getByRole('dialog', { name: 'Start a run' });
    await dialog.getByLabel('Task').fill(`${name} by hand`);
    await says(dialog, 'curl -s');
    await dialog.getByLabel('Input, as JSON').fill('{\n  "a": 1,\n}');
    await dialog.getByRole('button', { name: 'Start', exact: true }).click();
    await says(dialog.getByRole('alert'), '3:1: ');
    await dialog.getByLabel('Executor').selectOption('replay');
    await says(dialog, 'No live instance has “replay”: the run stays pending until one starts.');
    expect(await dialog.getByLabel('recording').inputValue()).toBe('made-up-run');
    await dialog.getByLabel('Labels').fill('project');
    await dialog.getByRole('button', { name: 'Start', exact: true }).click();
    await says(dialog.getByRole('alert'), '“project” is no label');
    await dialog.getByLabel('Labels').fill('project:web');
    await dialog.getByRole('button', { name: 'Start', exact: true }).click();
    await page.getByRole('heading', { name: `${name} by hand` }).waitFor(PATIENT);
    const { json } = await ask(service.url, 'GET', `/runs/${new URL(page.url()).hash.split('/')[2]}`);
    expect(json).toMatchObject({
      executor: 'replay',
      labels: { project: 'web' },
      input: { recording: 'made-up-run', speed: 1 },
    });
    expect(seen.complaints).toEqual([]);
  });

  it('is used without a mouse', async () => {
    const name = marker();
    for (const number of [1, 2, 3]) await createRun(`${name} ${number}`);
    const page = await open();
    await row(page, `${name} 1`).waitFor(PATIENT);
    await page.keyboard.press('?');
    await says(page.getByRole('dialog', { name: 'Keyboard' }), /Search tasks.*Start a run/);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('/');
    await page.keyboard.type(name);
    await eventually('three are found', async () => (await rows(page).count()) === 3);
    await page.getByRole('button', { name: 'Keyboard' }).focus();
    for (const key of ['j', 'j', 'j', 'k', 'Enter']) await page.keyboard.press(key);
    await page.getByRole('heading', { name: `${name} 2` }).waitFor(PATIENT);
    await page.keyboard.press('g');
    await page.keyboard.press('d');
    await page.getByRole('heading', { name: 'Dead letters' }).waitFor(PATIENT);
    await page.keyboard.press('g');
    await page.keyboard.press('r');
    await row(page, name).first().waitFor(PATIENT);
    expect(seen.complaints).toEqual([]);
  });

  it('keeps the theme that somebody chose', async () => {
    const page = await open();
    const button = page.getByRole('button', { name: /^Theme: / });
    await button.click();
    await button.click();
    await page.reload();
    await page.getByRole('button', { name: 'Theme: dark' }).waitFor();
    expect(await page.evaluate('getComputedStyle(document.documentElement).colorScheme')).toBe('dark');
  });

  it('C5 says that the store is away, shows what was known, and goes on by itself', async () => {
    const name = marker();
    await createRun(`${name} before`);
    const page = await open();
    await row(page, `${name} before`).waitFor(PATIENT);
    await redis.kill();
    const bar = page.getByRole('alert').filter({ hasText: 'The store is away since' });
    await bar.waitFor(PATIENT);
    expect(await bar.textContent()).toMatch(
      /since \d\d:\d\d:\d\d\. Shown is what was known; nothing is lost by waiting\./,
    );
    expect(await row(page, `${name} before`).isVisible()).toBe(true);
    expect(await page.title()).toMatch(/^▲ away/);
    await redis.restart();
    await bar.waitFor({ state: 'hidden', ...PATIENT });
    await eventually('the store is back', async () => (await createRun(`${name} after`)) !== 'undefined');
    await row(page, `${name} after`).first().waitFor(PATIENT);
    expect(await page.title()).not.toMatch(/away/);
  });

  it('C5 says that the service does not answer, from the first page on', async () => {
    const page = await open();
    await rows(page).first().waitFor(PATIENT);
    await seen.context.setOffline(true);
    const bar = page.getByRole('alert').filter({ hasText: 'The service does not answer since' });
    await bar.waitFor(PATIENT);
    await seen.context.setOffline(false);
    await bar.waitFor({ state: 'hidden', ...PATIENT });

    await page.route(/\/(session|health\/ready)$/, (route) =>
      route.fulfill({ status: 502, body: 'Bad Gateway' }),
    );
    await page.reload();
    await bar.waitFor(PATIENT);
    await page.unroute(/\/(session|health\/ready)$/);
    await rows(page).first().waitFor(PATIENT);
    await bar.waitFor({ state: 'hidden', ...PATIENT });
  });
});
