import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import type { Browser, Locator, Page } from 'playwright-core';
import { EventHandler, type RecordedEvent } from '../../src/internal.js';
import { ask } from '../access/ask.js';
import { TestKeys } from '../access/keys.js';
import { startApplication } from '../support/application.js';
import { eventually } from '../support/eventually.js';
import type { Serving } from '../support/service.js';
import { TestBed } from '../support/test-bed.js';
import { describeInBrowser, openBrowser, type Visit, visit } from './visit.js';

const PATIENT = { timeout: 60_000 };
/** More than any page has places for the focus. */
const MAX_TABS = 80;

const bed = new TestBed();
const shelved: unknown[] = [];
let isShelfFull = true;

/** Gives up at once while its shelf is full. */
@EventHandler({ group: 'shelf', types: ['patch.*'], from: 'start', maxAttempts: 1 })
class Shelf {
  handle(event: RecordedEvent): void {
    if (isShelfFull) throw new Error('The shelf is full');
    shelved.push(event.data['name']);
  }
}

@Module({ providers: [Shelf] })
class ShelfModule {}

let browser: Browser;
let service: Serving;
let shopUrl: string;
let keys: TestKeys;
let seen: Visit;

async function createRun(task: string): Promise<string> {
  const { json } = await ask(shopUrl, 'POST', '/runs', { json: { task } });
  return String(json?.['id']);
}

async function append(id: string, type: string, data: object): Promise<void> {
  const [category, action] = type.split('.');
  await ask(shopUrl, 'POST', `/runs/${id}/events`, { json: { event: { category, action }, data } });
}

/**
 * Why somebody without a mouse would not know where they are; undefined when what has the focus can be seen. The page
 * itself has it while nothing else has, and shows nothing then.
 */
const LOOK_FOR_FOCUS = `(() => {
  const focused = document.activeElement;
  if (!focused || focused === document.body || focused.id === 'main') return undefined;
  const name = focused.outerHTML.slice(0, 120);
  // A link of a row has it around the row.
  const styles = [getComputedStyle(focused), getComputedStyle(focused, '::after')];
  const isOutlined = styles.some((style) => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2);
  if (!isOutlined) return 'no outline: ' + name;
  const { left, right, top, bottom } = focused.getBoundingClientRect();
  const isSeen = right > 0 && bottom > 0 && left < innerWidth && top < innerHeight && right > left && bottom > top;
  return isSeen ? undefined : 'out of sight: ' + name;
})()`;

/** A keyboard, and eyes on where the focus is after each press. */
class Keyboard {
  readonly lost: unknown[] = [];

  constructor(private readonly page: Page) {}

  async press(...all: string[]): Promise<void> {
    for (const key of all) {
      await this.page.keyboard.press(key);
      const why = await this.page.evaluate<string | undefined>(LOOK_FOR_FOCUS);
      if (why !== undefined) this.lost.push(`${key}: ${why}`);
    }
  }

  type(text: string): Promise<void> {
    return this.page.keyboard.type(text);
  }

  /** Goes there. */
  async tabTo(target: Locator, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
    await target.waitFor(PATIENT);
    for (let presses = 0; presses < MAX_TABS; presses++) {
      if (await this.isOn(target)) return;
      await this.press(key);
    }
    throw new Error(`The keyboard does not come to ${String(target)}.`);
  }

  async isOn(target: Locator): Promise<boolean> {
    return (await target.and(this.page.locator(':focus')).count()) === 1;
  }
}

describeInBrowser('somebody without a mouse', () => {
  beforeAll(async () => {
    const redis = await bed.startRedis();
    const shop = await startApplication({ redis: { url: redis.url } }, { imports: [ShelfModule] });
    bed.onClose(() => shop.close());
    shopUrl = shop.url;
    [browser, service, keys] = await Promise.all([
      openBrowser(),
      bed.serveHere({ AUTH_MODE: 'api-key', REDIS_URL: redis.url }),
      TestKeys.open(redis.url),
    ]);
  });
  afterEach(() => seen.context.close());
  afterAll(async () => {
    await browser.close();
    await keys.close();
    await bed.close();
  });

  it.each([1280, 390])(
    'signs in, finds a run, reads it, cancels it, and redrives what a group gave up, %i pixels wide',
    async (width) => {
      isShelfFull = true;
      shelved.length = 0;
      const { secret } = await keys.create('default');
      const task = `Deploy ${Math.random().toString(36).slice(2)}`;
      for (const other of ['Review', 'Lint']) await createRun(other);
      const id = await createRun(task);
      for (const name of ['one', 'two']) await append(id, 'patch.created', { name });
      await append(id, 'log.stdout', { line: 'all is patched' });
      seen = await visit(browser, service.url, { viewport: { width, height: 800 } });
      const { page } = seen;
      const keyboard = new Keyboard(page);
      const button = (name: string | RegExp, within: Page | Locator = page): Locator =>
        within.getByRole('button', { name, exact: typeof name === 'string' });
      const heading = (name: string | RegExp): Promise<void> =>
        page.getByRole('heading', { name }).first().waitFor(PATIENT);

      await keyboard.tabTo(page.getByLabel('API key'));
      await keyboard.type(secret);
      await keyboard.press('Enter');
      await heading('Runs');
      await page.getByRole('link', { name: task }).waitFor(PATIENT);
      await keyboard.press('/');
      await keyboard.type(task);
      const rows = page.getByRole('table', { name: 'Runs' }).locator('tbody').getByRole('row');
      await eventually('one is found', async () => (await rows.count()) === 1);
      // Out of the field, where a key is a letter.
      await keyboard.press('Enter', 'j', 'Enter');
      await heading(task);

      const list = page.getByRole('grid');
      const inspector = page.getByRole('complementary', { name: 'Inspector' });
      await list.getByRole('row').filter({ hasText: 'all is patched' }).waitFor(PATIENT);
      await keyboard.press('k');
      await inspector.filter({ hasText: 'all is patched' }).waitFor(PATIENT);
      await keyboard.press('k', 'Enter');
      await inspector.filter({ hasText: '"two"' }).waitFor(PATIENT);
      expect(await keyboard.isOn(inspector)).toBe(true);
      await keyboard.tabTo(button('Raw', inspector));
      await keyboard.press('Enter', 'Escape');
      await inspector.waitFor({ state: 'detached' });
      expect(await keyboard.isOn(list)).toBe(true);
      await keyboard.press('x');
      await page.getByRole('dialog', { name: 'Cancel this run?' }).waitFor(PATIENT);
      await keyboard.type('no need');
      await keyboard.press('Enter');
      await page.locator('.status').filter({ hasText: 'cancelled' }).waitFor(PATIENT);
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      expect(await keyboard.isOn(list)).toBe(true);

      await keyboard.press('g', 'g');
      await heading(/^Groups/);
      await keyboard.tabTo(page.getByRole('link', { name: 'shelf' }));
      await keyboard.press('Enter');
      await heading(/^shelf/);
      for (const [name, said] of [
        ['Pause', /^Paused/],
        ['Resume', /^Resumed/],
      ] as const) {
        await keyboard.tabTo(button(name));
        await keyboard.press('Enter');
        await page.getByRole('status').filter({ hasText: said }).waitFor(PATIENT);
        // It is the other one now, and has the focus.
        const other = button(name === 'Pause' ? 'Resume' : 'Pause');
        await other.waitFor(PATIENT);
        expect(await keyboard.isOn(other)).toBe(true);
      }

      await keyboard.press('g', 'd');
      await heading(/^Dead letters/);
      isShelfFull = false;
      await keyboard.tabTo(button('Redrive these 2'));
      await keyboard.press('Enter');
      const dialog = page.getByRole('dialog', { name: 'Redrive 2 dead letters' });
      await keyboard.tabTo(button('Redrive', dialog));
      await keyboard.press('Enter');
      await page.getByText('Redriven 2 dead letters.').waitFor(PATIENT);
      await eventually('both are handled', () => shelved.length === 2);
      await keyboard.tabTo(button('Sign out'));
      await keyboard.press('Enter');
      await heading('Sign in');
      expect(keyboard.lost).toEqual([]);
      expect(seen.complaints).toEqual([]);
    },
  );
});
