import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { type Client } from '../../conformance/client.js';
import { eventually } from '../../support/eventually.js';
import { type Service, type Serving, startService } from '../../support/service.js';
import { TestBed } from '../../support/test-bed.js';
import { event, numbered } from './run-events.js';
import { RunScene } from './run-scene.js';
import { describeInBrowser } from '../visit.js';

const bed = new TestBed();
const scene = new RunScene();

let service: Serving;
let api: Client;

describeInBrowser('what the page of a run holds of it', () => {
  beforeAll(async () => {
    [service] = await Promise.all([bed.serveHere({ EVENT_MAX_LENGTH: '100' }), scene.open()]);
    api = bed.client(service);
  });
  afterEach(async () => {
    expect(scene.complaints).toEqual([]);
    await scene.leave();
  });
  afterAll(async () => {
    await scene.close();
    await bed.close();
  });

  it('N1 says how many events are missing, for good, and never that all are held', async () => {
    const { id } = await api.createRun({ task: 'trimmed' });
    await api.appendLines(id, numbered(2, 400));
    const kept = (await api.history(id)).length;
    expect(kept).toBeLessThan(400);
    const gone = new RegExp(`▲ ${400 - kept} events \\(1…${400 - kept}\\) are no longer kept`);
    const run = await scene.visit(service.url, `runs/${id}`);
    await run.says(gone, run.held);
    await run.says(new RegExp(`${kept} of 400 events`), run.held);
    await run.page.keyboard.press('k');
    for (const view of ['Story', 'All events']) {
      await run.button(view).click();
      await run.page.getByRole('grid', { name: view }).waitFor();
      await run.toTop();
      await run.row(gone).waitFor();
      await run.page.keyboard.press('G');
      await run.row('line 400').waitFor();
      await run.held.getByRole('button', { name: gone }).click();
      await run.row(gone).and(run.page.locator('.selected')).waitFor();
    }
    // What comes later does not take the place of what is missing.
    await api.append(id, [...numbered(401, 402), event('lifecycle.completed', {})]);
    await run.says(/■ ended/);
    await run.says(gone, run.held);
    await run.says(/▲ 1 gap/, run.page.getByRole('region', { name: 'Agents over time' }));
    expect(await run.held.textContent()).not.toMatch(/all held/);
    expect(await run.held.locator('.whole').count()).toBe(0);
  });

  it('says what is left of a run whose events have expired', async () => {
    const brief = await bed.serveHere({ EVENT_TTL_SECONDS: '1' });
    const client = bed.client(brief);
    const { id } = await client.createRun({ task: 'long ago' });
    await client.append(id, [...numbered(2, 4), event('lifecycle.completed', { result: 'fine' })]);
    await eventually(
      'its events are gone',
      async () => (await client.get(`/runs/${id}/events`)).status === 410,
    );
    const run = await scene.visit(brief.url, `runs/${id}`);
    await run.says(/✓ completed/);
    await run.says(/They were kept until/);
    await run.says(/log\.stdout\s*3/);
    await run.says(/5 events, no longer kept/, run.held);
    expect(await run.held.locator('.whole').count()).toBe(0);
  });

  it('shows all of the log after the service was restarted', async () => {
    const first = await startService({ SSE_RETRY_MS: '100' });
    const port = new URL(first.url).port;
    bed.onClose(() => first.stop());
    const { id } = await api.createRun();
    await api.append(id, numbered(2, 5));
    const run = await scene.visit(first.url, `runs/${id}?view=all`);
    await run.says(/● live/);
    await first.stop();
    await run.says(/reconnecting/);
    await api.append(id, numbered(6, 30));
    const second: Service = await bed.startService({ PORT: port, SSE_RETRY_MS: '100' });
    await run.says(/30 events, all held/);
    await run.says(/● live/);
    const log = await bed.client(second).history(id);
    await run.toTop();
    await run.row('lifecycle.started').waitFor();
    const rows = await run.rowTexts();
    expect(rows.map((text) => Number(/^\d+/.exec(text)?.[0]?.slice(0, -2)))).toHaveLength(log.length);
    expect(await run.rowCount()).toBe(log.length);
  });

  it('goes on reading what came before when the service was away meanwhile', async () => {
    const big = await bed.serveHere();
    const client = bed.client(big);
    const { id } = await client.createRun();
    await client.appendLines(id, numbered(2, 3000));
    const run = await scene.visit(big.url, '');
    let asked = 0;
    await run.page.route(/events\?.*end_id=/, (route) =>
      ++asked === 1 ? route.fulfill({ status: 502, body: 'Bad Gateway' }) : route.continue(),
    );
    await run.page.goto(`${big.url}/#/runs/${id}?view=all`);
    await run.says(/3\u202f000 events, all held/, run.held);
    expect(asked).toBeGreaterThan(1);
    await run.toTop();
    await run.row('lifecycle.started').waitFor();
  });

  it('says that the log is another one when Redis has lost events, and shows that one', async () => {
    const redis = await bed.startRedis({ appendOnly: true });
    const own = await bed.serveHere({ REDIS_URL: redis.url, SSE_RETRY_MS: '100' });
    const client = bed.client(own);
    const { id } = await client.createRun();
    await client.append(id, numbered(2, 5));
    const bytes = await redis.logBytes();
    await client.append(id, numbered(6, 9));
    const run = await scene.visit(own.url, `runs/${id}?view=all`);
    await run.says(/9 events, all held/);
    await redis.kill();
    await redis.takeBack(bytes);
    await redis.restart();
    await eventually('it takes events again', async () => {
      const reply = await client.post(id, event('log.stdout', { line: 'instead' }));
      return reply.status === 201;
    });
    await run.says(/the log is another one than before/, run.held);
    await run.row('instead').waitFor();
    const { sequence } = await client.run(id);
    await eventually('all of it, and no more', async () => (await run.rowCount()) === sequence);
    expect(await run.row('line 9').count()).toBe(0);
  });
});
