import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { chromiumPath, launchChromium } from '../support/browser.js';
import { eventually } from '../support/eventually.js';
import { report } from '../support/report-line.js';
import { type Service, serveHere, type Serving, startService } from '../support/service.js';
import { ask } from './ask.js';
import { type TestKey, TestKeys } from './keys.js';
import { ISSUER_ENVIRONMENT, issuedToken } from './tokens.js';

const executablePath = chromiumPath();
if (executablePath === undefined)
  report(
    'There is no Chromium here (CHROMIUM may name one): the tests of the page in a browser are left out.',
  );
const inBrowser = executablePath === undefined ? describe.skip : describe;
const TENANT = 'default';

let browser: Browser;
let context: BrowserContext;
let closed: Service;
let open: Service;
let issued: Serving;
let tenants: Serving;
let keys: TestKeys;
/** What the page complained of: its policy, its script. A refused request is not a complaint. */
let complaints: string[] = [];

async function visit(url: string): Promise<Page> {
  context = await browser.newContext();
  const page = await context.newPage();
  complaints = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(message.text());
  });
  await page.goto(url);
  return page;
}

async function signIn(page: Page, proof: string): Promise<void> {
  await page.fill('#proof', proof);
  await page.click('#sign-in-form button');
}

const says = (page: Page, selector: string, what: RegExp, timeout = 15_000) =>
  page.locator(selector).filter({ hasText: what }).first().waitFor({ timeout });

inBrowser('the page in a browser', () => {
  beforeAll(async () => {
    [browser, closed, open, issued, tenants, keys] = await Promise.all([
      launchChromium(executablePath ?? ''),
      startService({ AUTH_MODE: 'api-key' }),
      startService(),
      serveHere({ ...ISSUER_ENVIRONMENT, MULTI_TENANCY_ENABLED: 'true' }),
      serveHere({ MULTI_TENANCY_ENABLED: 'true', ALLOWED_TENANTS: 'page-a,page-b' }),
      TestKeys.open(),
    ]);
  });
  afterEach(() => context.close());
  afterAll(async () => {
    await browser.close();
    await Promise.all([...[closed, open, issued, tenants].map((service) => service.stop()), keys.close()]);
  });

  let key: TestKey;

  it('asks for a key, takes a good one, and shows runs live; the key stays nowhere', async () => {
    key = await keys.create(TENANT);
    const page = await visit(closed.url);
    await page.locator('#sign-in').waitFor();
    expect(await page.locator('#sign-out').isVisible()).toBe(false);
    await signIn(page, 'no key at all');
    await says(page, '#sign-in-note', /did not take that key/);
    await signIn(page, key.secret);
    await page.locator('#sign-in').waitFor({ state: 'hidden' });
    await page.click('#start');
    await says(page, '#log-note', /Ended\. 2\d events, each once and in order/, 30_000);
    await says(page, '#runs', /Say something/);

    const [cookie] = await context.cookies();
    expect(cookie).toMatchObject({
      name: 'runstream_session',
      httpOnly: true,
      sameSite: 'Strict',
      secure: false,
    });
    const seen = await page.evaluate(
      'document.cookie + JSON.stringify(localStorage) + document.documentElement.outerHTML',
    );
    expect(String(seen)).not.toContain(key.secret);
    expect(String(seen)).not.toContain(cookie?.value);
    expect(page.url()).toBe(`${closed.url}/`);
    expect(complaints).toEqual([]);
  });

  it('stays signed in over a reload, and asks again after signing out', async () => {
    key = await keys.create(TENANT);
    const page = await visit(closed.url);
    await signIn(page, key.secret);
    await page.locator('#sign-out').waitFor();
    await page.reload();
    await says(page, '#runs', /./);
    expect(await page.locator('#sign-in').isVisible()).toBe(false);
    await page.click('#sign-out');
    await says(page, '#sign-in-note', /Signed out/);
    expect(await context.cookies()).toEqual([]);
    expect(await page.locator('#runs li').count()).toBe(0);
    await page.reload();
    await page.locator('#sign-in').waitFor();
    expect(complaints).toEqual([]);
  });

  it('T58 asks again while it watches, when its key is revoked', async () => {
    key = await keys.create(TENANT);
    const task = `watched ${Date.now()}`;
    await ask(closed.url, 'POST', '/runs', { headers: key.headers, json: { task } });
    const page = await visit(closed.url);
    await signIn(page, key.secret);
    await page.locator('#runs button', { hasText: task }).click();
    await says(page, '#log-note', /Live\. 1 events/);
    await keys.revoke(TENANT, key.id);
    await page.locator('#sign-in').waitFor({ timeout: 15_000 });
    expect(complaints).toEqual([]);
  });

  it('shows what is in a run as text, whatever it is', async () => {
    key = await keys.create(TENANT);
    const task = `<img src=x onerror="document.title='taken'"><script>document.title='taken'</script>`;
    await ask(closed.url, 'POST', '/runs', { headers: key.headers, json: { task } });
    const page = await visit(closed.url);
    await signIn(page, key.secret);
    await page.locator('#runs button', { hasText: task }).first().click();
    await says(page, '#log', /onerror/);
    expect([await page.title(), await page.locator('#runs img').count()]).toEqual(['Runstream', 0]);
    // A script that got in somehow would not run either.
    await page.evaluate(
      `document.body.append(Object.assign(document.createElement('script'), { textContent: "document.title = 'taken'" }))`,
    );
    expect(await page.title()).toBe('Runstream');
    expect(complaints.join()).toMatch(/Content Security Policy/);
  });

  it('N4 asks for a token where an issuer gives them, and again when it ends', async () => {
    const claims = { tenant_id: `page-${Date.now()}`, scope: 'runs:read runs:write' };
    const page = await visit(issued.url);
    await says(page, '#sign-in-note', /token \(JWT\) of the issuer/);
    await signIn(page, await issuedToken({ ...claims, exp: 1 }));
    await says(page, '#sign-in-note', /did not take that token/);
    const token = await issuedToken(claims);
    await signIn(page, token);
    await page.locator('#sign-in').waitFor({ state: 'hidden' });
    await page.click('#start');
    await says(page, '#log-note', /Ended\. 2\d events, each once and in order/, 30_000);
    const seen = await page.evaluate(
      'document.cookie + JSON.stringify([localStorage, sessionStorage]) + document.documentElement.outerHTML',
    );
    expect(String(seen)).not.toContain(token);
    await page.click('#sign-out');
    await says(page, '#sign-in-note', /Signed out/);
    await signIn(page, await issuedToken({ ...claims, scope: 'runs:read' }));
    await page.locator('#runs li button').click();
    await says(page, '#log-note', /Ended/);
    expect(await page.locator('#start').isVisible()).toBe(false);
    await page.click('#sign-out');
    // Clocks may differ by 5 seconds.
    await signIn(page, await issuedToken({ ...claims, exp: Math.floor(Date.now() / 1000) + 3 }));
    await page.locator('#sign-in').waitFor({ state: 'hidden' });
    await eventually('the token is over', async () => {
      await page.click('#refresh');
      return page.locator('#sign-in').isVisible();
    });
    await says(page, '#sign-in-note', /token \(JWT\) of the issuer/);
    expect(complaints).toEqual([]);
  });

  it('N4 asks for the tenant where a header names it, which a stream can’t send', async () => {
    const page = await visit(tenants.url);
    await says(page, '#sign-in-note', /by tenant, and asks for no credentials/);
    await signIn(page, 'page-c');
    await says(page, '#sign-in-note', /does not serve the tenant page-c/);
    await signIn(page, 'Page A');
    await says(page, '#sign-in-note', /tenant: not a tenant id/);
    await signIn(page, 'page-a');
    await page.click('#start');
    await says(page, '#log-note', /Ended\. 2\d events, each once and in order/, 30_000);
    await page.reload();
    await says(page, '#runs', /Say something/);
    expect(await page.locator('#sign-in').isVisible()).toBe(false);
    await page.click('#sign-out');
    await says(page, '#sign-in-note', /Signed out/);
    await signIn(page, 'page-b');
    await says(page, '#runs-note', /no runs yet/);
    // Somewhere else, or after SESSION_TTL_SECONDS.
    await context.clearCookies();
    await page.click('#refresh');
    await says(page, '#sign-in-note', /by tenant/);
    expect(complaints).toEqual([]);
  });

  it('asks for nothing without credentials, and works', async () => {
    const page = await visit(open.url);
    await says(page, '#runs-note, #runs', /./);
    expect(await page.locator('#sign-in, #sign-out').filter({ visible: true }).count()).toBe(0);
    await page.click('#start');
    await says(page, '#log-note', /Ended\. 2\d events, each once and in order/, 30_000);
    expect(complaints).toEqual([]);
  });

  it('M3 comes back when a proxy answers for a service that restarts', async () => {
    const page = await visit(open.url);
    let asked = 0;
    await page.route('**/events/stream?*', (route) =>
      ++asked > 2 ? route.continue() : route.fulfill({ status: 502, body: 'Bad Gateway' }),
    );
    await page.click('#start');
    await says(page, '#log-note', /Ended\. 2\d events, each once and in order/, 120_000);
    expect(asked).toBeGreaterThan(2);
    expect(complaints).toEqual([]);
  });

  /** A run of so many events that has ended, of which Redis still has `kept`. */
  async function longRun(task: string, lines: number): Promise<{ total: number; kept: number }> {
    const { json: run } = await ask(open.url, 'POST', '/runs', { json: { task } });
    const path = `/runs/${String(run?.['id'])}/events`;
    const line = (n: number): string => `{"event":{"category":"log","action":"stdout"},"data":{"n":${n}}}\n`;
    const end = '{"event":{"category":"lifecycle","action":"completed"}}\n';
    const body = Array.from({ length: lines }, (_, n) => line(n)).join('') + end;
    const headers = { 'content-type': 'application/x-ndjson' };
    await ask(open.url, 'POST', path, { headers, body, withinMs: 120_000 });
    const total = lines + 2;
    const { json: page } = await ask(open.url, 'GET', `${path}?limit=1`);
    const [first] = page?.['events'] as { sequence: number }[];
    return { total, kept: total - first!.sequence + 1 };
  }

  it('says of a run whose beginning is no longer kept that it is not all of it', async () => {
    const task = `trimmed ${Date.now()}`;
    const { total, kept } = await longRun(task, 12_500);
    expect(kept).toBeLessThan(total);
    const page = await visit(open.url);
    await page.locator('#runs button', { hasText: task }).click();
    await says(page, '#log-note', /^Ended/, 120_000);
    const note = page.locator('#log-note');
    expect(await note.textContent()).toBe(
      `Ended. ${kept} events, each once and in order, of ${total}: ${total - kept} are no longer kept.`,
    );
    expect(await note.getAttribute('class')).not.toMatch(/good/);
    expect(complaints).toEqual([]);
  });

  it('shows a long run at once, and the end of it', async () => {
    const task = `long ${Date.now()}`;
    const { total } = await longRun(task, 9_000);
    const page = await visit(open.url);
    const button = page.locator('#runs button', { hasText: task });
    await button.waitFor();
    const from = Date.now();
    await button.click();
    await says(page, '#log-note', /Ended\. 9002 events, each once and in order\.$/, 120_000);
    await says(page, '#log', /Close: the run has ended as completed/);
    const ms = Date.now() - from;
    report(`the page showed ${total} events in ${ms} ms`);
    expect(ms).toBeLessThan(10_000);
    expect(await page.locator('#log li').count()).toBe(1000);
    const below =
      'const { scrollHeight, scrollTop, clientHeight } = log; scrollHeight - scrollTop - clientHeight';
    expect(await page.evaluate(below)).toBeLessThan(40);
    expect(complaints).toEqual([]);
  });

  it('the API documentation works under its policy', async () => {
    const page = await visit(`${closed.url}/docs`);
    await page.locator('.opblock').first().waitFor();
    expect(complaints).toEqual([]);
  });
});
