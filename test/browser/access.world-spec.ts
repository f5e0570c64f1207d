import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { ask } from '../access/ask.js';
import { TestKeys } from '../access/keys.js';
import { ISSUER_ENVIRONMENT, issuedToken } from '../access/tokens.js';
import { startHost } from '../embedding/host.js';
import { eventually } from '../support/eventually.js';
import { serveHere, type Serving } from '../support/service.js';
import { DashboardModule } from '../../src/index.js';
import { describeInBrowser, openBrowser, type Visit, visit } from './visit.js';

const TENANT = 'default';

let browser: Browser;
let closed: Serving;
let open: Serving;
let issued: Serving;
let tenants: Serving;
let keys: TestKeys;
let seen: Visit;

const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true });
const signOut = (page: Page) => page.getByRole('button', { name: 'Sign out' });
const runLink = (page: Page, task: string) =>
  page.getByRole('table', { name: 'Runs' }).getByRole('link', { name: task });

async function signIn(page: Page, label: string, proof: string): Promise<void> {
  await page.getByLabel(label).fill(proof);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

async function refusal(page: Page): Promise<string | null> {
  const alert = page.locator('main').getByRole('alert').filter({ hasText: /./ });
  await alert.waitFor();
  return alert.textContent();
}

/** All that a script of the page can find, but for what its own memory holds. */
const withinReach = (page: Page): Promise<unknown> =>
  page.evaluate(
    'document.cookie + JSON.stringify([localStorage, sessionStorage, location.href]) + document.documentElement.outerHTML',
  );

/** Everything in the page's memory, once what nobody holds is gone. */
async function memoryOf({ context, page }: Visit): Promise<string> {
  const session = await context.newCDPSession(page);
  let snapshot = '';
  session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => (snapshot += chunk));
  await session.send('HeapProfiler.collectGarbage');
  await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
  await session.detach();
  return snapshot;
}

async function startRun(url: string, headers: Record<string, string> = {}): Promise<string> {
  const task = `task ${Math.random().toString(36).slice(2)}`;
  await ask(url, 'POST', '/runs', { headers, json: { task } });
  return task;
}

describeInBrowser('signing in to the dashboard', () => {
  beforeAll(async () => {
    [browser, closed, open, issued, tenants, keys] = await Promise.all([
      openBrowser(),
      serveHere({ AUTH_MODE: 'api-key' }),
      serveHere(),
      serveHere({ ...ISSUER_ENVIRONMENT, MULTI_TENANCY_ENABLED: 'true' }),
      serveHere({ MULTI_TENANCY_ENABLED: 'true', ALLOWED_TENANTS: 'page-a,page-b' }),
      TestKeys.open(),
    ]);
  });
  afterEach(() => seen.context.close());
  afterAll(async () => {
    await browser.close();
    await Promise.all([...[closed, open, issued, tenants].map((service) => service.stop()), keys.close()]);
  });

  it('asks for a key, takes a good one, and the key stays nowhere', async () => {
    const key = await keys.create(TENANT);
    const task = await startRun(closed.url, key.headers);
    seen = await visit(browser, closed.url);
    const { page, context } = seen;
    await heading(page, 'Sign in').waitFor();
    expect(await page.getByText('npm run keys -- create').isVisible()).toBe(true);
    expect(await signOut(page).count()).toBe(0);
    await signIn(page, 'API key', 'no key at all');
    expect(await refusal(page)).toMatch(/did not take that key/);
    await signIn(page, 'API key', key.secret);
    await runLink(page, task).waitFor();

    const [cookie] = await context.cookies();
    expect(cookie).toMatchObject({
      name: 'runstream_session',
      httpOnly: true,
      sameSite: 'Strict',
      secure: false,
    });
    const memory = await memoryOf(seen);
    expect(memory).toContain(task);
    const found = String(await withinReach(page)) + memory;
    expect(found).not.toContain(key.secret);
    expect(found).not.toContain(cookie?.value);
    expect(page.url()).toBe(`${closed.url}/`);
    expect(seen.complaints).toEqual([]);
  });

  it('stays signed in over a reload; after signing out nothing of the tenant is left', async () => {
    const key = await keys.create(TENANT);
    const task = await startRun(closed.url, key.headers);
    seen = await visit(browser, closed.url);
    const { page, context } = seen;
    await signIn(page, 'API key', key.secret);
    await runLink(page, task).waitFor();
    await page.reload();
    await runLink(page, task).click();
    await heading(page, task).waitFor();
    await page.goBack();
    await runLink(page, task).waitFor();
    await signOut(page).click();
    await heading(page, 'Sign in').waitFor();
    expect(await context.cookies()).toEqual([]);
    expect(await withinReach(page)).not.toContain(task);
    // Not by expect(), which would print all of it.
    await eventually('it is forgotten', async () => !(await memoryOf(seen)).includes(task));
    expect(await page.title()).toBe('Runstream');
    await page.reload();
    await heading(page, 'Sign in').waitFor();
    expect(seen.complaints).toEqual([]);
  });

  it('T58 asks again while it watches, when its key is revoked', async () => {
    const key = await keys.create(TENANT);
    const task = await startRun(closed.url, key.headers);
    seen = await visit(browser, closed.url);
    const { page } = seen;
    await signIn(page, 'API key', key.secret);
    await runLink(page, task).click();
    await heading(page, task).waitFor();
    await keys.revoke(TENANT, key.id);
    await heading(page, 'Sign in').waitFor({ timeout: 30_000 });
    // The same for the list.
    const other = await keys.create(TENANT);
    await signIn(page, 'API key', other.secret);
    await heading(page, task).waitFor();
    await page.getByRole('link', { name: 'Runs', exact: true }).click();
    await runLink(page, task).waitFor();
    await keys.revoke(TENANT, other.id);
    await heading(page, 'Sign in').waitFor({ timeout: 30_000 });
    expect(seen.complaints).toEqual([]);
  });

  it('shows what the credential may do, and no more', async () => {
    const key = await keys.create(TENANT, ['runs:read']);
    seen = await visit(browser, closed.url);
    const { page } = seen;
    await signIn(page, 'API key', key.secret);
    await heading(page, 'Runs').waitFor();
    expect(await page.getByRole('navigation').getByRole('link').allInnerTexts()).toEqual(['Runs', 'API']);
    expect(await page.getByRole('button', { name: 'Start a run' }).count()).toBe(0);
    await page.keyboard.press('n');
    expect(await page.getByRole('dialog').count()).toBe(0);
  });

  it('N4 asks for a token where an issuer gives them, and again when it ends', async () => {
    const claims = { tenant_id: `page-${Date.now()}`, scope: 'runs:read runs:write' };
    seen = await visit(browser, issued.url);
    const { page } = seen;
    expect(await page.getByText('token (JWT) of the issuer').isVisible()).toBe(true);
    await signIn(page, 'Token', await issuedToken({ ...claims, exp: 1 }));
    expect(await refusal(page)).toMatch(/did not take that token/);
    const token = await issuedToken(claims);
    const task = await startRun(issued.url, { authorization: `Bearer ${token}` });
    await signIn(page, 'Token', token);
    await runLink(page, task).waitFor();
    expect(String(await withinReach(page)) + (await memoryOf(seen))).not.toContain(token);
    await signOut(page).click();
    // Clocks may differ by 5 seconds.
    await signIn(page, 'Token', await issuedToken({ ...claims, exp: Math.floor(Date.now() / 1000) + 3 }));
    await runLink(page, task).waitFor();
    await heading(page, 'Sign in').waitFor({ timeout: 30_000 });
    expect(seen.complaints).toEqual([]);
  });

  it('N4 asks for the tenant where a header names it, and changes to another', async () => {
    const ofA = await startRun(tenants.url, { 'x-tenant-id': 'page-a' });
    const ofB = await startRun(tenants.url, { 'x-tenant-id': 'page-b' });
    seen = await visit(browser, tenants.url);
    const { page, context } = seen;
    expect(await page.getByText('keeps runs apart by tenant').isVisible()).toBe(true);
    await signIn(page, 'Tenant', 'page-c');
    expect(await refusal(page)).toMatch(/page-c/);
    await signIn(page, 'Tenant', 'Page A');
    expect(await refusal(page)).toMatch(/not a tenant id/);
    await signIn(page, 'Tenant', 'page-a');
    await runLink(page, ofA).waitFor();
    expect(await runLink(page, ofB).count()).toBe(0);
    await page.reload();
    await page.getByRole('button', { name: 'tenant page-a' }).click();
    await page.getByRole('dialog').getByLabel('Tenant').fill('page-b');
    await page.getByRole('button', { name: 'Show its runs' }).click();
    await runLink(page, ofB).waitFor();
    expect(await runLink(page, ofA).count()).toBe(0);
    // Somewhere else, or after SESSION_TTL_SECONDS.
    await context.clearCookies();
    await heading(page, 'Sign in').waitFor({ timeout: 30_000 });
    expect(seen.complaints).toEqual([]);
  });

  it('asks for nothing without credentials', async () => {
    const task = await startRun(open.url);
    seen = await visit(browser, open.url);
    const { page } = seen;
    await runLink(page, task).waitFor();
    expect(await page.getByRole('button', { name: /Sign (in|out)/ }).count()).toBe(0);
    expect(seen.complaints).toEqual([]);
  });

  it('says where to sign in when the application around it knows the callers', async () => {
    const host = await startHost({
      imports: [DashboardModule.forRoot()],
      runstream: {
        routes: { session: true, health: true },
        auth: { principal: () => undefined },
      },
    });
    try {
      seen = await visit(browser, host.url);
      await seen.page.getByText('The application around this page knows').waitFor();
      expect(await seen.page.getByRole('textbox').count()).toBe(0);
      expect(seen.complaints).toEqual([]);
    } finally {
      await host.close();
    }
  });

  it('the API documentation works under its policy', async () => {
    seen = await visit(browser, `${closed.url}/docs`);
    await seen.page.locator('.opblock').first().waitFor();
    expect(seen.complaints).toEqual([]);
  });
});
