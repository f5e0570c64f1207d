import { describe } from '@jest/globals';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { chromiumPath, launchChromium } from '../support/browser.js';
import { report } from '../support/report-line.js';

const executablePath = chromiumPath();
if (executablePath === undefined)
  report('There is no Chromium here (CHROMIUM may name one): the tests in a browser are left out.');

/** Like `describe()`, where there is a browser. */
export function describeInBrowser(name: string, tests: () => void): void {
  if (executablePath === undefined) describe.skip(name, tests);
  else describe(name, tests);
}

export const openBrowser = (): Promise<Browser> => launchChromium(executablePath ?? '');

/** A page in a context of its own, and what it complained of. */
export interface Visit {
  page: Page;
  context: BrowserContext;
  /** Its policy, its script. A refused request is not a complaint. */
  complaints: string[];
}

export async function visit(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(message.text());
  });
  await page.goto(url);
  return { page, context, complaints };
}
