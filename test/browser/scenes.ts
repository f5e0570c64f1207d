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

const press = (key: string) => (page: Page) => page.keyboard.press(key);

/** Of a service with the runs that `runs()` names. Whoever adds a page, or a state of one, adds it here. */
export const scenesOf = (runs: { failed: string; running: string }): Scene[] => [
  { name: 'runs', path: '#/', shows: 'exit code 1' },
  { name: 'runs, no hits', path: '#/?status=cancelled&task=nothing', shows: 'No run matches' },
  { name: 'runs, start one', path: '#/', shows: 'Start a run', act: press('n') },
  { name: 'keyboard', path: '#/', shows: 'Show these keys', act: press('?') },
  { name: 'a run that failed', path: `#/runs/${runs.failed}`, shows: 'deploy' },
  { name: 'a run that goes on', path: `#/runs/${runs.running}`, shows: 'review' },
  { name: 'a run that is not there', path: '#/runs/r0_0000000000000000000000000a', shows: /./ },
  { name: 'groups', path: '#/groups', shows: 'Groups' },
  { name: 'a group', path: '#/groups/billing', shows: 'billing' },
  { name: 'dead letters', path: '#/dead-letters', shows: 'Dead letters' },
  { name: 'nowhere', path: '#/nowhere', shows: 'There is no such page' },
];
