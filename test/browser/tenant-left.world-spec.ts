import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { Browser, Page, Request } from 'playwright-core';
import { ask } from '../access/ask.js';
import { eventually } from '../support/eventually.js';
import type { Serving } from '../support/service.js';
import { TestBed } from '../support/test-bed.js';
import { describeInBrowser, openBrowser, type Visit, visit } from './visit.js';

const PATIENT = { timeout: 60_000 };

const bed = new TestBed();
let browser: Browser;
let service: Serving;
let seen: Visit;

const heading = (page: Page, name: string): Promise<void> =>
  page.getByRole('heading', { name, exact: true }).waitFor(PATIENT);

/** A run that says its own name everywhere: in its task, key, labels and events. */
async function makeRun(tenant: string): Promise<{ name: string; id: string }> {
  const name = `${tenant}-${Math.random().toString(36).slice(2)}`;
  const headers = { 'x-tenant-id': tenant };
  const json = { task: name, key: name, labels: { of: name } };
  const id = String((await ask(service.url, 'POST', '/runs', { headers, json })).json?.['id']);
  const event = {
    event: { category: 'log', action: 'stdout' },
    source: { agent_id: name },
    data: { line: name },
  };
  await ask(service.url, 'POST', `/runs/${id}/events`, { headers, json: event });
  return { name, id };
}

/** Streams that the page has open now. */
function openStreams(page: Page): () => string[] {
  const open = new Set<Request>();
  page.on('request', (request) => {
    if (/\/stream(\?|$)/.test(request.url())) open.add(request);
  });
  page.on('requestfinished', (request) => open.delete(request));
  page.on('requestfailed', (request) => open.delete(request));
  return () => [...open].map((request) => new URL(request.url()).pathname);
}

/** Whatever the browser keeps for the page beyond it, and what stands in the page itself. */
async function kept({ page, context }: Visit): Promise<string> {
  const inPage = await page.evaluate(`(async () => JSON.stringify([
    Object.entries(localStorage), Object.entries(sessionStorage), document.cookie, document.title,
    await caches.keys(), (await indexedDB.databases()).map(({ name }) => name),
    (await navigator.serviceWorker.getRegistrations()).length, history.state,
    [...document.querySelectorAll('input, textarea, select')].map(({ value }) => value),
    document.documentElement.outerHTML,
  ]))()`);
  return String(inPage) + JSON.stringify(await context.storageState({ indexedDB: true }));
}

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

/**
 * Nothing of it is anywhere. Not looked at: a filter that was typed. Chromium itself holds on to a form in which somebody
 * has typed, also after it has gone from the page.
 */
async function isForgotten(name: string, id: string): Promise<void> {
  expect(await kept(seen)).not.toContain(name);
  // Not by expect(), which would print all of it.
  await eventually(`${name} is forgotten`, async () => {
    const memory = await memoryOf(seen);
    return !memory.includes(name) && !memory.includes(id);
  });
}

describeInBrowser('what is left of a tenant', () => {
  beforeAll(async () => {
    const redis = await bed.startRedis();
    [browser, service] = await Promise.all([
      openBrowser(),
      bed.serveHere({ REDIS_URL: redis.url, MULTI_TENANCY_ENABLED: 'true' }),
    ]);
  });
  afterEach(() => seen.context.close());
  afterAll(async () => {
    await browser.close();
    await bed.close();
  });

  it.each(['its list of runs', 'the page of a run'])(
    'is nothing after the change to another from %s, nor after signing out',
    async (where) => {
      const [a, b] = [await makeRun('page-a'), await makeRun('page-b')];
      seen = await visit(browser, service.url);
      const { page } = seen;
      const streams = openStreams(page);
      await page.getByLabel('Tenant').fill('page-a');
      await page.keyboard.press('Enter');
      const link = (name: string) => page.getByRole('table', { name: 'Runs' }).getByRole('link', { name });
      await link(a.name).waitFor(PATIENT);
      if (where === 'the page of a run') {
        await link(a.name).click();
        await page.getByRole('row').filter({ hasText: a.name }).first().waitFor(PATIENT);
        await page.locator('.stream-state').filter({ hasText: 'live' }).waitFor(PATIENT);
        expect(await page.title()).toContain(a.name);
        await eventually('one stream', () => streams().join() === `/runs/${a.id}/events/stream`);
      } else {
        await eventually('one stream', () => streams().length === 1);
      }
      expect(await kept(seen)).toContain(a.name);
      const asked: string[] = [];
      await page.getByRole('button', { name: 'tenant page-a' }).click();
      await page.getByRole('dialog').getByLabel('Tenant').fill('page-b');
      await page.getByRole('button', { name: 'Show its runs' }).click();
      await link(b.name).waitFor(PATIENT);
      // No row comes under the pointer.
      await page.mouse.move(0, 0);
      page.on('request', (request) => asked.push(request.url()));
      await eventually('one stream, of the other tenant', () => streams().join() === '/events/stream');
      // What the former one still says comes nowhere.
      const late = await makeRun('page-a');
      const fresh = await makeRun('page-b');
      await link(fresh.name).waitFor(PATIENT);
      expect(await kept(seen)).not.toContain(late.name);
      await isForgotten(a.name, a.id);
      expect(asked.filter((url) => url.includes(a.id))).toEqual([]);

      await page.getByRole('button', { name: 'Sign out' }).click();
      await heading(page, 'Sign in');
      await eventually('no stream', () => streams().length === 0);
      await isForgotten(b.name, b.id);
      expect(await page.title()).toBe('Runstream');
      expect(await seen.context.cookies()).toEqual([]);
      expect(seen.complaints).toEqual([]);
    },
  );
});
