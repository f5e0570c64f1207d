import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { RunstreamClient } from '../../packages/client/src/index.js';
import type { Serving } from '../support/service.js';
import { TestBed } from '../support/test-bed.js';
import { describeInBrowser, openBrowser, visit } from './visit.js';

const bed = new TestBed();
let browser: Browser;
let service: Serving;

const said = (agent_id: string, action: string, data: Record<string, unknown>) => ({
  event: { category: 'llm', action },
  source: { agent_id },
  data,
});
const text = (agent: string, content: string) =>
  content.split(/(?<= )/).map((word) => said(agent, 'stream', { content: word }));
const tool = (agent: string, tool_call_id: string, command: string, output: string) => [
  said(agent, 'tool_call', { tool_name: 'bash', tool_call_id, arguments: { command } }),
  said(agent, 'tool_result', { tool_name: 'bash', tool_call_id, output }),
];
const STORY = [
  ...text('planner', 'The test fails on weekends only. One of us looks at the clock, one at the prices.'),
  ...text('coder-1', 'The date is mocked with a fixed Monday, so the weekend rate is never taken.'),
  ...tool('coder-1', 'c1', 'npm test -- checkout', 'FAIL checkout › weekend rate'),
  {
    event: { category: 'log', action: 'stdout' },
    data: { line: '\u001b[31mFAIL\u001b[0m checkout › weekend rate' },
  },
  ...text('coder-2', 'Prices are right: the rate is read from the table once, and kept.'),
  ...text('coder-1', 'I take the clock from outside, and give the test a Saturday.'),
  ...tool('coder-1', 'c2', 'npm test -- checkout', 'PASS checkout'),
  {
    event: { category: 'log', action: 'stdout' },
    data: { line: '\u001b[32mPASS\u001b[0m checkout (41 tests)' },
  },
  ...text('planner', 'Both parts are done. The patch has two files.'),
];

describeInBrowser('pictures of the documents', () => {
  beforeAll(async () => {
    const redis = await bed.startRedis();
    [browser, service] = await Promise.all([openBrowser(), bed.serveHere({ REDIS_URL: redis.url })]);
  });
  afterAll(async () => {
    await browser.close();
    await bed.close();
  });

  /** `UPDATE_DOCS=1 npm run test:world -- pictures` makes it anew: letters are not the same on any two machines. */
  it('show the page of a run', async () => {
    const client = new RunstreamClient({ baseUrl: service.url });
    const { id } = await client.runs.create({
      task: 'Fix the flaky test in checkout',
      labels: { team: 'shop' },
    });
    const startedAt = Date.now() - STORY.length * 180;
    const events = STORY.map((event, n) => ({
      ...event,
      timestamp: new Date(startedAt + n * 180).toISOString(),
    }));
    await client.runs.append(id, events);
    const { page, context } = await visit(browser, `${service.url}/#/runs/${id}`, {
      viewport: { width: 1100, height: 620 },
    });
    await page.getByText('all held').waitFor();
    await page.getByText('The patch has two files').waitFor();
    const path = 'docs/images/run.png';
    const picture = await page.screenshot(process.env['UPDATE_DOCS'] ? { path } : {});
    expect(picture.length).toBeGreaterThan(10_000);
    expect((await readFile(path)).length).toBeGreaterThan(10_000);
    await context.close();
  });
});
