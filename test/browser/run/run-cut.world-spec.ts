import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { DashboardModule } from '../../../src/dashboard/index.js';
import { type Executor, RunExecutor, type RunExecution } from '../../../src/executors/index.js';
import { startApplication } from '../../support/application.js';
import { eventually } from '../../support/eventually.js';
import { startTcpProxy } from '../../support/tcp-proxy.js';
import { TestBed } from '../../support/test-bed.js';
import { findingsInAllLooks } from '../axe/axe.js';
import { event, numbered } from './run-events.js';
import { RunScene } from './run-scene.js';
import { describeInBrowser } from '../visit.js';

const bed = new TestBed();
const scene = new RunScene();

/** Says what the test tells it to. */
@RunExecutor('talk')
class Talk implements Executor {
  private run: RunExecution | undefined;
  private end: () => void = () => undefined;

  async execute(run: RunExecution): Promise<unknown> {
    this.run = run;
    await new Promise<void>((resolve) => (this.end = resolve));
    return 'all said';
  }

  get hasBegun(): boolean {
    return this.run !== undefined;
  }

  say(content: string): Promise<unknown> {
    return this.run?.emit('log.stdout', { line: content }) ?? Promise.resolve();
  }

  stop(): void {
    this.end();
  }
}

@Module({ imports: [DashboardModule.forRoot()], providers: [Talk] })
class TalkModule {}

/** A service, and a way to it that can be cut: Chromium's own "offline" leaves streams that are open as they are. */
async function startBehindProxy(env: NodeJS.ProcessEnv = {}) {
  const service = await bed.serveHere({ SSE_RETRY_MS: '100', ...env });
  const proxy = await startTcpProxy(Number(new URL(service.url).port));
  bed.onClose(() => proxy.close());
  return { api: bed.client(service), proxy, url: `http://127.0.0.1:${proxy.port}` };
}

describeInBrowser('the page of a run that is cut off', () => {
  beforeAll(() => scene.open());
  afterEach(async () => {
    expect(scene.complaints).toEqual([]);
    await scene.leave();
  });
  afterAll(async () => {
    await scene.close();
    await bed.close();
  });

  it('holds all of the log after it was offline, and each event once', async () => {
    const { api, proxy, url } = await startBehindProxy();
    const { id } = await api.createRun();
    await api.append(id, numbered(2, 50));
    const run = await scene.visit(url, `runs/${id}?view=all`);
    await run.says(/50 events, all held/, run.held);
    await run.says(/● live/);
    proxy.refuse(true);
    await api.appendLines(id, numbered(51, 400));
    await run.says(/reconnecting/);
    expect(await findingsInAllLooks(run.page)).toEqual([]);
    proxy.refuse(false);
    await run.says(/400 events, all held/, run.held);
    await run.says(/● live/);
    const log = await api.history(id);
    expect(await run.rowCount()).toBe(log.length);
    await run.row('line 400').waitFor();
  });

  it('rests while the tab is hidden, says so, and goes on where it was', async () => {
    const service = await bed.serveHere();
    const api = bed.client(service);
    const { id } = await api.createRun();
    const run = await scene.visit(service.url, `runs/${id}?view=all`);
    await run.says(/● live/);
    const hide = (isHidden: boolean): Promise<unknown> =>
      run.page.evaluate(
        `Object.defineProperty(document, 'hidden', { value: ${isHidden}, configurable: true });
         document.dispatchEvent(new Event('visibilitychange'))`,
      );
    await hide(true);
    await run.says(/resting while the tab is hidden/);
    expect(await findingsInAllLooks(run.page)).toEqual([]);
    await api.append(id, numbered(2, 20));
    await hide(false);
    await run.says(/20 events, all held/, run.held);
    await run.says(/● live/);
  });

  it.each(['Story', 'Log', 'All events'])(
    'names what was trimmed meanwhile as a gap in the middle, for good, and is never green again: %s',
    async (view) => {
      const { api, proxy, url } = await startBehindProxy({ EVENT_MAX_LENGTH: '100' });
      const { id } = await api.createRun();
      await api.append(id, numbered(2, 50));
      const query = { Story: '', Log: 'view=log', 'All events': 'view=all' }[view];
      const [run, reader] = [
        await scene.visit(url, `runs/${id}?${query}`),
        await scene.visit(url, `runs/${id}?${query}&e=45`),
      ];
      const here = reader.page.locator('.selected').filter({ hasText: 'line 45' });
      for (const one of [run, reader]) await one.says(/50 events, all held/, one.held);
      await here.waitFor();
      proxy.refuse(true);
      await api.appendLines(id, numbered(51, 600));
      for (const one of [run, reader]) await one.says(/reconnecting/);
      proxy.refuse(false);
      const [first] = await api.history(id);
      const last = (first?.sequence ?? 0) - 1;
      const gap = new RegExp(`▲ ${last - 50} events \\(51…${last}\\) are no longer kept`);
      await run.says(gap, run.held);
      // Who reads on above it stays there.
      await reader.says(gap, reader.held);
      await reader.row(gap).waitFor();
      expect(await reader.isInSight(here)).toBe(true);
      // Who is at the end comes there, by the number and by the keys for what went wrong.
      await run.row('line 600').waitFor();
      expect(await run.row(gap).count()).toBe(0);
      await run.page.keyboard.press('[');
      const row = run.row(gap).and(run.page.locator('.selected'));
      await row.waitFor();
      expect(await run.isInSight(row)).toBe(true);
      await run.says(/no longer kept/, run.inspector);
      await run.page.keyboard.press('G');
      await run.row('line 600').waitFor();
      await run.held.getByRole('button', { name: gap }).click();
      await row.waitFor();
      await run.row('line 50').waitFor();
      await run.row(`line ${first?.sequence}`).waitFor();
      await api.append(id, [...numbered(601, 602), event('lifecycle.completed', {})]);
      await run.says(/■ ended/);
      await run.says(gap, run.held);
      await row.waitFor();
      expect(await run.held.locator('.whole').count()).toBe(0);
    },
  );

  it('shows what is not stored yet as such, and as stored once it is', async () => {
    const redis = await bed.startRedis({ appendOnly: true });
    const application = await startApplication({ redis: { url: redis.url } }, { imports: [TalkModule] });
    bed.onClose(() => application.close());
    const talk = application.app.get(Talk);
    const { id } = await bed.client(application).createRun({ executor: 'talk' });
    await eventually('it has begun', () => talk.hasBegun);
    await talk.say('stored');
    const run = await scene.visit(application.url, `runs/${id}`);
    await run.row('stored').waitFor();
    await run.says(/● live/);
    await redis.kill();
    const said = talk.say('said while it is away');
    const row = run.row(/said while it is away.*not stored yet/);
    await row.waitFor();
    const style = await run.page.evaluate(
      `getComputedStyle(document.querySelector('.cells.provisional')).borderBottomStyle`,
    );
    expect(style).toBe('dashed');
    await run.says(/The store is away since/, run.page.getByRole('alert'));
    expect(await findingsInAllLooks(run.page)).toEqual([]);
    await row.waitFor();
    await redis.restart();
    await said;
    await run
      .row(/said while it is away/)
      .filter({ hasNotText: 'not stored yet' })
      .waitFor();
    talk.stop();
    await run.says(/✓ completed/);
    expect(await run.page.locator('.provisional').count()).toBe(0);
    await run.says(/all held/, run.held);
  });

  it('says that a frozen instance was lost, and that another has taken its run over', async () => {
    const redis = await bed.startRedis();
    const env = { REDIS_URL: redis.url, RECORDINGS_DIR: 'test/fixtures' };
    const watched = await startApplication(
      { redis: { url: redis.url }, executors: { enabled: false, recordingsDir: 'test/fixtures' } },
      { imports: [DashboardModule.forRoot()] },
    );
    bed.onClose(() => watched.close());
    const frozen = await bed.startService(env);
    const { id } = await bed
      .client(watched)
      .createRun({ executor: 'replay', input: { recording: 'made-up-run', speed: 0.0001 } });
    const run = await scene.visit(watched.url, `runs/${id}`);
    await run.says(/● running/);
    frozen.child.process.kill('SIGSTOP');
    try {
      await run.says(/was lost: its lease on this run ended [^.]+ ago/);
      await bed.startService(env);
      await run.says(/attempt 2[^]*The executor was lost\. The run is started again/);
      expect(await run.page.getByRole('region', { name: 'Why it waits' }).count()).toBe(0);
    } finally {
      frozen.child.process.kill('SIGKILL');
    }
  });
});
