import { readdir, readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { RunstreamClient } from '../packages/client/src/index.js';
import { chromiumPath, launchChromium } from '../test/support/browser.js';
import type { Bench, BenchOptions, Finding, Row } from './bench.js';
import { live } from './page/live.js';
import { afterTyping, framesDuring, heapOf, open } from './page/probe.js';
import { round } from './support/latencies.js';
import { createRuns, eventOf } from './support/runs.js';
import { startRunstream } from './support/server.js';

const RUNS = 1000;
const TABS = 12;
const SCROLL_MS = 3000;
const MIB = 2 ** 20;
const LOTS = 100_000;
/** What is waited for is an expression, which the page's policy would not let run. */
const MEASURED = { bypassCSP: true };
const ASSETS = new URL('../src/dashboard/assets/', import.meta.url);

const HAS_RUNS = `document.querySelector('a[href^="#/runs/"]')`;
const HAS_ROWS = `document.querySelector('.list .row')`;
const ALL_HELD = `/all held/.test(document.querySelector('main')?.textContent ?? '')`;
const ALL_FOUND = `/^${LOTS / 1000}.?000 found$/.test(document.querySelector('.found')?.textContent)`;
const ROWS = { 'newest rows': HAS_ROWS, 'all held': ALL_HELD };

/** What a bar of it is, in the order in which they are measured. */
type Measure = (measured: string, unit: string, value: number, bar: number, isAtLeast?: boolean) => void;

export const page: Bench = {
  name: 'page',
  measures:
    'the dashboard in headless Chromium beside the service: from the navigation to what is painted, the longest task, ' +
    'frames while it scrolls and while events come, memory.',
  run: async (options) => {
    const path = chromiumPath();
    if (path === undefined) throw new Error('There is no Chromium here; CHROMIUM may name one.');
    const service = await startRunstream({ env: { EVENT_MAX_LENGTH: '2000000' } });
    const browser = await launchChromium(path);
    const rows: Row[] = [];
    const findings: Finding[] = [];
    const measure: Measure = (measured, unit, value, bar, isAtLeast = false) => {
      const text = `${round(value)} ${unit}`;
      options.say(`${measured}: ${text}`);
      rows.push({ what: measured, value: text, bar });
      findings.push({ measured, value: text, compared: round(value), bar, atMost: !isAtLeast });
    };
    try {
      await sizes(measure);
      await lists(browser, service.url, measure);
      for (const [events, bars] of [
        [10_000, [300, 2500]],
        [LOTS, [500, 10_000]],
      ] as const) {
        await oneRun(browser, service.url, events, bars, measure);
      }
      await whileItComes(browser, service.url, options, measure);
      await manyTabs(browser, service.url, measure);
    } finally {
      await browser.close();
      await service.stop();
    }
    return { rows, findings };
  },
};

async function sizes(measure: Measure): Promise<void> {
  let [first, plots] = [0, 0];
  const html = await readFile(new URL('index.html', ASSETS), 'utf8');
  for (const name of await readdir(ASSETS)) {
    if (!['.js', '.css'].includes(extname(name))) continue;
    const bytes = gzipSync(await readFile(new URL(name, ASSETS))).length;
    if (html.includes(name)) first += bytes;
    // The rest is fetched where it is needed.
    else if (/^(groups-page|draw)-/.test(name)) plots += bytes;
  }
  measure('JS and CSS of the first page', 'kB gzip', first / 1000, 45);
  measure('the same, with groups and plots', 'kB gzip', (first + plots) / 1000, 70);
}

async function lists(browser: Browser, url: string, measure: Measure): Promise<void> {
  await createRuns(url, RUNS);
  await inTab(browser, async (tab) => {
    const { seen } = await open(tab, `${url}/`, { runs: HAS_RUNS });
    measure(`${RUNS} runs: first shown`, 'ms', seen['runs']!, 400);
  });
}

async function oneRun(
  browser: Browser,
  url: string,
  events: number,
  [newest, all]: readonly [number, number],
  measure: Measure,
): Promise<void> {
  const id = await filledRun(url, events);
  for (const view of ['all', 'story']) {
    await inTab(browser, async (tab) => {
      const { seen, longestTaskMs } = await open(tab, `${url}/#/runs/${id}?view=${view}`, ROWS);
      const what = `run of ${events}, ${view}`;
      measure(`${what}: newest rows seen`, 'ms', seen['newest rows']!, newest);
      measure(`${what}: all held`, 'ms', seen['all held']!, all);
      measure(`${what}: longest task`, 'ms', longestTaskMs, 100);
      if (events < LOTS) return;
      measure(`${what}: heap`, 'MiB', (await heapOf(tab)) / MIB, 150);
      const frames = await framesDuring(tab, () => tab.evaluate(SCROLL));
      measure(`${what}: scrolling, frames in a second`, '', frames.perSecond, 50, true);
      measure(`${what}: scrolling, longest frame`, 'ms', frames.longestMs, 100);
      measure(`${what}: nodes in the list`, '', await tab.evaluate<number>(NODES), 600);
      // A story counts rows.
      if (view !== 'all') return;
      measure(`${what}: search, exact count`, 'ms', await afterTyping(tab, 'quick brown', ALL_FOUND), 200);
    });
  }
}

/** From the end to the start and back, a step each frame. */
const SCROLL = `new Promise((resolve) => {
  const list = document.querySelector('.list');
  const started = performance.now();
  const step = () => {
    const share = (performance.now() - started) / ${SCROLL_MS};
    if (share >= 1) return resolve();
    list.scrollTop = Math.abs(1 - 2 * share) * list.scrollHeight;
    requestAnimationFrame(step);
  };
  step();
})`;
const NODES = `document.querySelectorAll('.list *').length`;

async function whileItComes(
  browser: Browser,
  url: string,
  { rounds }: BenchOptions,
  measure: Measure,
): Promise<void> {
  const client = new RunstreamClient({ baseUrl: url });
  const seconds = rounds > 1 ? 30 : 10;
  await inTab(browser, async (tab) => {
    const { id } = await client.runs.create({ task: 'live' });
    await open(tab, `${url}/#/runs/${id}?view=all`, { rows: HAS_ROWS });
    for (const [perSecond, fps, p95] of [
      [200, 55, 150],
      [2000, 30, 500],
    ] as const) {
      const seen = await live(tab, client, id, { perSecond, seconds });
      measure(`${perSecond} events/s: frames in a second`, '', seen.perSecond, fps, true);
      measure(`${perSecond} events/s: appended to painted, p95`, 'ms', seen.p95Ms, p95);
    }
    if (rounds < 2) return;
    await fill(url, id, 2_000_000);
    await tab.waitForFunction(ALL_HELD, undefined, { timeout: 600_000 });
    measure('after 2 M live events: heap', 'MiB', (await heapOf(tab)) / MIB, 200);
  });
}

/** Of one browser, all visible, each with another run. */
async function manyTabs(browser: Browser, url: string, measure: Measure): Promise<void> {
  const client = new RunstreamClient({ baseUrl: url });
  const runs = await createRuns(url, TABS);
  const context = await browser.newContext(MEASURED);
  try {
    const tabs = await Promise.all(runs.map(() => context.newPage()));
    const loaded = await Promise.all(
      tabs.map((tab, i) => open(tab, `${url}/#/runs/${runs[i]!.id}?view=all`, { rows: HAS_ROWS })),
    );
    measure(`${TABS} tabs: all loaded`, 'ms', Math.max(...loaded.map(({ seen }) => seen['rows']!)), 2000);
    const started = Date.now();
    const line = { event: { category: 'log', action: 'stdout' }, data: { line: 'the news' } };
    await Promise.all(runs.map(({ id }) => client.runs.append(id, line)));
    await Promise.all(tabs.map((tab) => tab.getByText('the news').first().waitFor()));
    measure(`${TABS} tabs: all show a new event`, 'ms', Date.now() - started, 3000);
  } finally {
    await context.close();
  }
}

async function inTab(browser: Browser, use: (tab: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...MEASURED });
  try {
    await use(await context.newPage());
  } finally {
    await context.close();
  }
}

async function filledRun(url: string, events: number): Promise<string> {
  const [run] = await createRuns(url, 1);
  await fill(url, run!.id, events);
  return run!.id;
}

async function fill(url: string, id: string, events: number): Promise<void> {
  const batch = 10_000;
  const types = ['llm.stream', 'llm.stream', 'llm.stream', 'log.stdout', 'llm.tool_call', 'llm.tool_result'];
  for (let sent = 0; sent < events; sent += batch) {
    const lines = Array.from({ length: Math.min(batch, events - sent) }, (_, i) =>
      eventOf(types[Math.floor(i / 7) % types.length]!, { tool_name: 'bash' }),
    );
    const answer = await fetch(`${url}/runs/${id}/events/ndjson`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-ndjson' },
      body: `${lines.join('\n')}\n`,
    });
    if (!answer.ok) throw new Error(await answer.text());
  }
}
