import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { Client } from '../../conformance/client.js';
import { eventually } from '../../support/eventually.js';
import type { Serving } from '../../support/service.js';
import { TestBed } from '../../support/test-bed.js';
import { describeInBrowser } from '../visit.js';
import { event } from './run-events.js';
import { RunScene } from './run-scene.js';

const WORDS = 300;

const bed = new TestBed();
const scene = new RunScene();
let service: Serving;
let api: Client;

describeInBrowser('a text that grows while somebody looks', () => {
  beforeAll(async () => {
    [service] = await Promise.all([bed.serveHere(), scene.open()]);
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

  it('is one row whose end is seen, and whole in the inspector', async () => {
    const { id } = await api.createRun();
    const say = (from: number, to: number): Promise<unknown> =>
      api.append(
        id,
        Array.from({ length: to - from + 1 }, (_, n) =>
          event('llm.stream', { content: `word${from + n} ` }, 'coder-1'),
        ),
      );
    const textTo = (last: number): string => Array.from({ length: last }, (_, n) => `word${n + 1} `).join('');
    await say(1, 2);
    const [run, reader] = [
      await scene.visit(service.url, `runs/${id}`),
      await scene.visit(service.url, `runs/${id}?e=2`),
    ];
    for (const one of [run, reader]) await one.says(/● live/);
    const row = run.page.locator('.said');
    await row.evaluate('(row) => row.closest(".row").classList.add("the-same")').catch(() => undefined);
    for (let last = 2; last < WORDS; last += 10) {
      await say(last + 1, last + 10);
      const [newest, of] = [`word${last + 10}`, `${last + 10} events`];
      await row.filter({ hasText: newest }).filter({ hasText: of }).waitFor();
      // What is seen of it is its end, and it is no second row.
      const seen = await row
        .locator('.what')
        .evaluate((what) => (what as unknown as { textContent: string }).textContent);
      expect(
        textTo(last + 10)
          .trim()
          .endsWith(seen.replace(/^…/, '').trim()),
      ).toBe(true);
      expect(await run.rowCount()).toBe(2);
    }
    const shown = reader.inspector.locator('section pre').first();
    const { sequence } = await api.run(id);
    await eventually(
      'the inspector has all of it',
      async () => (await shown.textContent()) === textTo(sequence - 1),
    );
    await api.append(id, event('llm.stream', { content: 'another' }, 'coder-2'));
    await run.row('another').waitFor();
    expect(await run.rowCount()).toBe(3);
  });
});
