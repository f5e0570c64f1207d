import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { TestBed } from '../../support/test-bed.js';
import { numbered } from './run-events.js';
import { RunScene } from './run-scene.js';
import { describeInBrowser } from '../visit.js';

const MAX_NODES = 600;
const EVENTS = 2000;

const bed = new TestBed();
const scene = new RunScene();

const nodesOf = (page: Page): Promise<number> =>
  page.evaluate<number>(`document.querySelectorAll('.list *').length`);

/** Counts how often the browser lays out the page from now on. */
async function countLayouts(page: Page): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  return async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'LayoutCount')?.value ?? NaN;
  };
}

describeInBrowser('the list of a long run', () => {
  beforeAll(() => scene.open());
  afterEach(async () => {
    expect(scene.complaints).toEqual([]);
    await scene.leave();
  });
  afterAll(async () => {
    await scene.close();
    await bed.close();
  });

  it.each(['all', 'log'])(
    'has rows for what is seen, and is drawn for frames and not for events: %s',
    async (view) => {
      const service = await bed.serveHere();
      const api = bed.client(service);
      const { id } = await api.createRun();
      await api.append(id, numbered(2, 3));
      const run = await scene.visit(service.url, `runs/${id}?view=${view}`);
      await run.says(/● live/);
      await run.row('line 3').waitFor();
      const layouts = await countLayouts(run.page);
      await api.appendLines(id, numbered(4, EVENTS));
      await run.says(/2\u202f000 events, all held/, run.held);
      await run.row(`line ${EVENTS}`).waitFor();
      // They come within some seconds, of 60 frames each.
      const drawn = await layouts();
      expect(drawn).toBeGreaterThan(0);
      expect(drawn).toBeLessThan(EVENTS / 4);
      expect(await nodesOf(run.page)).toBeLessThanOrEqual(MAX_NODES);
      await run.toTop();
      await run.row('line 2').waitFor();
      expect(await nodesOf(run.page)).toBeLessThanOrEqual(MAX_NODES);
    },
  );
});
