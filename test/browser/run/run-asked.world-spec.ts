import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { TestKeys } from '../../access/keys.js';
import { ask } from '../../access/ask.js';
import { TestBed } from '../../support/test-bed.js';
import { event, numbered } from './run-events.js';
import { RunScene } from './run-scene.js';
import { describeInBrowser } from '../visit.js';

const bed = new TestBed();
const scene = new RunScene();

describeInBrowser('what the page of a run asks the service for', () => {
  beforeAll(() => scene.open());
  afterEach(async () => {
    expect(scene.complaints).toEqual([]);
    await scene.leave();
  });
  afterAll(async () => {
    await scene.close();
    await bed.close();
  });

  it('is on its way before its own files have come, and is asked for once', async () => {
    const service = await bed.serveHere();
    const api = bed.client(service);
    const { id } = await api.createRun();
    await api.append(id, [...numbered(2, 9), event('lifecycle.completed', {})]);
    const run = await scene.visit(service.url, 'nowhere');
    const asked: string[] = [];
    let waits: () => void = () => undefined;
    const wasAsked = new Promise<void>((resolve) => (waits = resolve));
    run.page.on('request', (request) => {
      const { pathname } = new URL(request.url());
      if (!pathname.startsWith(`/runs/${id}`)) return;
      asked.push(pathname);
      if (asked.length === 2) waits();
    });
    // Its files come only once both were asked for: who asks later waits for ever.
    await run.page.route(/run-page-\w+\.js/, async (route) => {
      await wasAsked;
      await route.continue();
    });
    await run.page.goto('about:blank');
    await run.page.goto(`${service.url}/#/runs/${id}?view=all`);
    await run.says(/10 events, all held/, run.held);
    await run.says(/■ ended/);
    expect(asked.sort()).toEqual([`/runs/${id}`, `/runs/${id}/events`, `/runs/${id}/events/stream`]);
  });

  it('is asked for again by who has to sign in first', async () => {
    const keys = await TestKeys.open();
    bed.onClose(() => keys.close());
    const service = await bed.serveHere({ AUTH_MODE: 'api-key' });
    const { headers, secret } = await keys.create('default');
    const { json } = await ask(service.url, 'POST', '/runs', { headers, json: { task: 'behind a key' } });
    const run = await scene.visit(service.url, `runs/${String(json?.['id'])}?view=all`);
    await run.page.getByLabel('API key').fill(secret);
    await run.button('Sign in').click();
    await run.says(/1 event, all held/, run.held);
    await run.says(/behind a key/);
  });
});
