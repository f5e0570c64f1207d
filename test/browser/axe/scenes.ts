import type { Page } from 'playwright-core';

/** A place of the dashboard in a state, for tests that look at all of them. */
export interface Scene {
  name: string;
  /** Behind the service's address. */
  path: string;
  /** What has to be there before it is looked at: a part of the text. */
  shows: string | RegExp;
  /** What somebody does first. */
  act?: (page: Page) => Promise<unknown>;
}

/** Ids of runs, by how they are. */
export interface SceneRuns {
  failed: string;
  running: string;
  /** Waits for somebody to decide. */
  gate: string;
  /** Waits for room. */
  pending: string;
}

const press = (key: string) => (page: Page) => page.keyboard.press(key);
/** Once the events are there. */
const pressInRun =
  (key: string) =>
  async (page: Page): Promise<void> => {
    await page
      .locator('.held')
      .filter({ hasText: /held|kept/ })
      .waitFor();
    await page.getByRole('row').first().waitFor();
    await page.keyboard.press(key);
  };
const click = (name: string) => (page: Page) =>
  page.getByRole('button', { name, exact: true }).first().click();
const open = (label: string) => (page: Page) => page.getByLabel(label).click();
const inTurn =
  (...acts: ((page: Page) => Promise<unknown>)[]) =>
  async (page: Page): Promise<void> => {
    for (const act of acts) await act(page);
  };
/** Once the page knows the time of the service. */
const aMinuteLater = async (page: Page): Promise<void> => {
  await page.locator('.status').first().waitFor();
  await page.clock.setSystemTime(Date.now() + 60_000);
};

/** Whoever adds a page, or a state of one, adds it here, or asks `findingsInAllLooks()` where a test has come to it. */
export const scenesOf = (runs: SceneRuns): Scene[] => [
  { name: 'runs', path: '#/', shows: 'exit code 1' },
  { name: 'runs, no hits', path: '#/?status=cancelled&task=nothing', shows: 'No run matches' },
  { name: 'runs, start one', path: '#/', shows: 'Start a run', act: press('n') },
  {
    name: 'runs, one that can’t be started',
    path: '#/',
    shows: 'is no label',
    act: inTurn(press('n'), async (page) => {
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Task').fill('x');
      await dialog.getByLabel('Labels').fill('web');
      await dialog.getByRole('button', { name: 'Start', exact: true }).click();
    }),
  },
  { name: 'runs, filters on a narrow page', path: '#/', shows: 'pending', act: press('/') },
  { name: 'keyboard', path: '#/', shows: 'Show these keys', act: press('?') },
  { name: 'a run that failed', path: `#/runs/${runs.failed}`, shows: 'deploy' },
  { name: 'an event', path: `#/runs/${runs.failed}?e=2`, shows: 'Copy JSON' },
  { name: 'a raw event', path: `#/runs/${runs.failed}?e=2`, shows: 'Copy JSON', act: click('Raw') },
  { name: 'a log', path: `#/runs/${runs.failed}?view=log`, shows: 'Wrap' },
  {
    name: 'found events',
    path: `#/runs/${runs.failed}?view=all`,
    shows: 'found',
    act: inTurn(pressInRun('/'), press('x')),
  },
  { name: 'events of a type', path: `#/runs/${runs.failed}?view=all&type=agent.error`, shows: 'agent 11' },
  { name: 'no such event', path: `#/runs/${runs.failed}?view=all&agent=nobody`, shows: 'No event is of' },
  { name: 'a run that goes on', path: `#/runs/${runs.running}`, shows: 'review' },
  { name: 'a silent run', path: `#/runs/${runs.running}`, shows: 'Silent for', act: aMinuteLater },
  { name: 'a run that waits', path: `#/runs/${runs.gate}`, shows: 'Ship the shop?' },
  { name: 'a decision', path: `#/runs/${runs.gate}`, shows: 'Who decides', act: click('Approve') },
  { name: 'no slot is free', path: `#/runs/${runs.pending}`, shows: 'the only slot', act: aMinuteLater },
  { name: 'a cancel', path: `#/runs/${runs.running}`, shows: 'Cancel this run?', act: pressInRun('x') },
  { name: 'a menu', path: `#/runs/${runs.running}`, shows: 'Delete…', act: open('More about this run') },
  {
    name: 'a delete',
    path: `#/runs/${runs.running}`,
    shows: 'Delete this run?',
    act: inTurn(open('More about this run'), click('Delete…')),
  },
  { name: 'a run that is not there', path: '#/runs/r0_0000000000000000000000000a', shows: /There is no run/ },
  { name: 'groups', path: '#/groups', shows: 'Paused by' },
  {
    name: 'groups as a table',
    path: '#/groups',
    shows: 'As a table',
    act: (page) => page.getByText('As a table').click(),
  },
  { name: 'a paused group', path: '#/groups/copies', shows: /Paused by \S+ at/ },
  { name: 'a group that fails', path: '#/groups/billing', shows: 'ECONNREFUSED' },
  { name: 'a group that gave up', path: '#/groups/archive', shows: 'Shelf 7 is full' },
  { name: 'a replay', path: '#/groups/copies', shows: 'Replay copies', act: click('Replay…') },
  { name: 'a resume', path: '#/groups/archive', shows: /^/, act: inTurn(click('Pause'), click('Resume')) },
  { name: 'no such group', path: '#/groups/nothing', shows: 'GROUP_NOT_FOUND' },
  { name: 'dead letters', path: '#/dead-letters', shows: 'Shelf 7 is full' },
  { name: 'a dead letter', path: '#/dead-letters', shows: 'First failed', act: click('patch.created') },
  {
    name: 'a redrive',
    path: '#/dead-letters',
    shows: 'Redrive 2 dead letters',
    act: click('Redrive these 2'),
  },
  {
    name: 'a delete of all',
    path: '#/dead-letters?group=archive',
    shows: 'to confirm',
    act: click('Delete all…'),
  },
  { name: 'no dead letters', path: '#/dead-letters?group=copies', shows: 'has given nothing up' },
  { name: 'nowhere', path: '#/nowhere', shows: 'There is no such page' },
];

/** Of a run whose first events are not kept. */
export const gapScenesOf = (trimmed: string): Scene[] => [
  { name: 'an event that is no more', path: `#/runs/${trimmed}?e=2`, shows: 'no longer kept.' },
  { name: 'a gap', path: `#/runs/${trimmed}?view=all`, shows: 'no longer kept', act: pressInRun('[') },
];

/** Where one has signed in with a key. */
export const KEY_SCENES: readonly Scene[] = [
  { name: 'keys', path: '#/keys', shows: 'Keys' },
  { name: 'a key to be made', path: '#/keys', shows: 'Make it', act: click('Make a key…') },
  {
    name: 'a key that was made',
    path: '#/keys',
    shows: 'Copy the key',
    act: inTurn(click('Make a key…'), async (page) => {
      await page.getByLabel(/^Name/).fill('new');
      await page.getByRole('button', { name: 'Make it' }).click();
    }),
  },
  {
    name: 'a key to be revoked',
    path: '#/keys',
    shows: /Revoke/,
    act: (page) =>
      page
        .getByRole('button', { name: /^Revoke/ })
        .first()
        .click(),
  },
];

/** Where a key may only read runs. */
export const FEW_SCOPES: readonly Scene[] = [
  { name: 'groups that one may not see', path: '#/groups', shows: 'lacks the scope' },
];
