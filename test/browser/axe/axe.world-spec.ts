import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { ask, type Question } from '../../access/ask.js';
import { TestKeys } from '../../access/keys.js';
import { ISSUER_ENVIRONMENT } from '../../access/tokens.js';
import type { Client } from '../../conformance/client.js';
import { startApplication, type TestApplication } from '../../support/application.js';
import { eventually } from '../../support/eventually.js';
import type { Serving } from '../../support/service.js';
import { TestBed } from '../../support/test-bed.js';
import { event, numbered } from '../run/run-events.js';
import { describeInBrowser, openBrowser, visit } from '../visit.js';
import { findingsOf, LOOKS } from './axe.js';
import { BusyModule } from './busy-module.js';
import { FEW_SCOPES, gapScenesOf, KEY_SCENES, type Scene, scenesOf, type SceneRuns } from './scenes.js';

const PATIENT = { timeout: 20_000 };

const bed = new TestBed();
let browser: Browser;
let busy: TestApplication;
let empty: Serving;
let closed: Serving;
let issued: Serving;
let tenants: Serving;
let brief: Serving;
let short: Serving;
let keys: TestKeys;
let runs: SceneRuns;
let expired: string;
let trimmed: string;

/** Everything that axe finds in these scenes, by scene. */
async function findings(
  url: string,
  all: readonly Scene[],
  look: (typeof LOOKS)[number],
  signIn: Readonly<Record<string, string>> = {},
) {
  const { colorScheme, width } = look;
  const { page, context } = await visit(browser, url, { colorScheme, viewport: { width, height: 800 } });
  const found: string[] = [];
  try {
    for (const [label, proof] of Object.entries(signIn)) {
      await page.getByLabel(label).fill(proof);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('button', { name: 'Sign out' }).waitFor(PATIENT);
    }
    for (const { name, path, shows, act } of all) {
      // Another place of the same page is no new page: this is.
      await page.goto('about:blank');
      await page.goto(`${url}/${path}`);
      await page.locator('main h1').first().waitFor(PATIENT);
      await act?.(page);
      await page.locator('body').filter({ hasText: shows }).waitFor(PATIENT);
      found.push(...(await findingsOf(page)).map((finding) => `${name}: ${finding}`));
    }
  } finally {
    await context.close();
  }
  return found;
}

/** A run whose events are kept for a second only. */
async function makeExpired(api: Client): Promise<string> {
  const { id } = await api.createRun({ task: 'long ago' });
  await api.append(id, [...numbered(2, 4), event('lifecycle.completed', {})]);
  await eventually('its events are gone', async () => (await api.get(`/runs/${id}/events`)).status === 410);
  return id;
}

/** A run of which only the newest events are kept, with a time before them, so that there is something to draw. */
async function makeTrimmed(api: Client): Promise<string> {
  const { id } = await api.createRun({ task: 'talk' });
  await api.appendLines(id, numbered(2, 390));
  const timestamp = new Date(Date.now() + 60_000).toISOString();
  await api.append(id, { ...event('log.stdout', { line: 'last' }), timestamp });
  return id;
}

async function makeRuns(api: Client): Promise<SceneRuns> {
  const made = async (fields: Record<string, unknown>): Promise<string> => (await api.createRun(fields)).id;
  const ago = { timestamp: new Date(Date.now() - 120_000).toISOString() };
  // With a silence after it, there is something to draw.
  const said = { ...event('llm.stream', { content: 'x' }, 'a1'), ...ago };
  const line = event('log.stderr', { line: '\u001b[31mno\u001b[0m' });
  const failed = await made({ task: 'deploy', labels: { project: 'web' } });
  await api.append(failed, [
    said,
    line,
    ...Array.from({ length: 12 }, (_, n) => event('agent.error', { error: 'no' }, `agent ${n}`)),
    event('llm.tool_call', { tool_name: 'bash', arguments: { command: 'x' }, tool_call_id: 'a' }, 'a1'),
    event('patch.created', { name: 'one' }),
    event('patch.created', { name: 'two' }),
    event('lifecycle.failed', { error: { message: 'exit code 1' } }),
  ]);
  const running = await made({ task: 'review', key: 'chat-42', labels: { project: 'web' } });
  await api.append(running, [said, line]);
  const gate = await made({ task: 'ship', executor: 'ship' });
  await eventually('it waits', async () => (await api.run(gate)).waiting_for !== null);
  const pending = await made({ task: 'ship later', executor: 'ship' });
  return { failed, running, gate, pending };
}

/** As somebody with that key. */
async function askWith(headers: Question['headers'], method: string, path: string): Promise<void> {
  const { status, text } = await ask(closed.url, method, path, { headers: headers ?? {} });
  if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
}

describeInBrowser('axe finds nothing', () => {
  beforeAll(async () => {
    const [ofRuns, ofNone, ofBrief] = await Promise.all([
      bed.startRedis(),
      bed.startRedis(),
      bed.startRedis(),
    ]);
    busy = await startApplication(
      {
        redis: { url: ofRuns.url },
        executors: { recordingsDir: 'test/fixtures' },
      },
      { imports: [BusyModule] },
    );
    bed.onClose(() => busy.close());
    const env = { REDIS_URL: ofRuns.url, EXECUTORS_ENABLED: 'false' };
    [browser, empty, closed, issued, tenants, brief, short, keys] = await Promise.all([
      openBrowser(),
      bed.serveHere({ REDIS_URL: ofNone.url }),
      bed.serveHere({ AUTH_MODE: 'api-key', ...env }),
      bed.serveHere({ ...ISSUER_ENVIRONMENT, MULTI_TENANCY_ENABLED: 'true' }),
      bed.serveHere({ MULTI_TENANCY_ENABLED: 'true' }),
      bed.serveHere({ REDIS_URL: ofBrief.url, EVENT_TTL_SECONDS: '1' }),
      bed.serveHere({ EVENT_MAX_LENGTH: '100' }),
      TestKeys.open(ofRuns.url),
    ]);
    const { headers } = await keys.create('default');
    await eventually(
      'its groups are there',
      async () => (await bed.client(busy).get('/consumers')).status === 200,
    );
    await askWith(headers, 'POST', '/consumers/copies/pause');
    expired = await makeExpired(bed.client(brief));
    trimmed = await makeTrimmed(bed.client(short));
    runs = await makeRuns(bed.client(busy));
    await eventually('two are given up', async () => {
      const { json } = await ask(busy.url, 'GET', '/dead-letters');
      return (json?.['dead_letters'] as unknown[]).length === 2;
    });
  });
  afterAll(async () => {
    await browser.close();
    await keys.close();
    await bed.close();
  });

  it.each(LOOKS)('on any page, $colorScheme, $width pixels wide', async (look) => {
    expect(await findings(busy.url, scenesOf(runs), look)).toEqual([]);
  });

  it.each(LOOKS)(
    'where there are no runs, groups or events, $colorScheme, $width pixels wide',
    async (look) => {
      const none = [
        { name: 'no runs', path: '#/', shows: 'There are no runs yet' },
        { name: 'no groups', path: '#/groups', shows: 'No group handles events here' },
      ];
      const gone = [{ name: 'expired', path: `#/runs/${expired}`, shows: 'They were kept until' }];
      expect([
        ...(await findings(empty.url, none, look)),
        ...(await findings(brief.url, gone, look)),
        ...(await findings(short.url, gapScenesOf(trimmed), look)),
      ]).toEqual([]);
    },
  );

  it.each(LOOKS)('on any way in, and behind it, $colorScheme, $width pixels wide', async (look) => {
    const signIn = [{ name: 'sign in', path: '#/', shows: 'Sign in' }];
    const wrong = (label: string, shows: string): Scene => ({
      name: `a wrong ${label}`,
      path: '#/',
      shows,
      act: async (page) => {
        await page.getByLabel(label).fill('No Such');
        await page.getByRole('button', { name: 'Sign in' }).click();
      },
    });
    const ofTenant: Scene = {
      name: 'another tenant',
      path: '#/',
      shows: 'Show its runs',
      act: (page) => page.getByRole('button', { name: 'tenant page-a' }).click(),
    };
    const [all, few] = [await keys.create('default'), await keys.create('default', ['runs:read'])];
    expect([
      ...(await findings(closed.url, [...signIn, wrong('API key', 'did not take that key')], look)),
      ...(await findings(issued.url, [...signIn, wrong('Token', 'did not take that token')], look)),
      ...(await findings(tenants.url, [...signIn, wrong('Tenant', 'not a tenant id')], look)),
      ...(await findings(tenants.url, [ofTenant], look, { Tenant: 'page-a' })),
      ...(await findings(closed.url, KEY_SCENES, look, { 'API key': all.secret })),
      ...(await findings(closed.url, FEW_SCOPES, look, { 'API key': few.secret })),
    ]).toEqual([]);
  });
});
