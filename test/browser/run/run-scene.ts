import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { openBrowser } from '../visit.js';

/** A browser, and what the pages in it complained of. */
export class RunScene {
  /** Of the policy, or of the script. A refused request is no complaint. */
  readonly complaints: string[] = [];
  private browser: Browser | undefined;
  private readonly contexts: BrowserContext[] = [];

  async open(): Promise<void> {
    this.browser = await openBrowser();
  }

  /**
   * @param laterMs so much time passes once the service has answered for the first time
   * @param aheadMs by how much the browser's clock is ahead from the beginning
   */
  async visit(url: string, path: string, { laterMs = 0, aheadMs = 0 } = {}): Promise<RunOnPage> {
    if (!this.browser) throw new Error('Call open() first.');
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 800 } });
    this.contexts.push(context);
    const page = await context.newPage();
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('dialog', (dialog) => {
      this.complaints.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
        this.complaints.push(message.text());
    });
    if (laterMs !== 0 || aheadMs !== 0)
      await page.addInitScript(`{
        const [now, ask] = [Date.now, fetch];
        let ms = ${aheadMs};
        Date.now = () => now() + ms;
        fetch = async (...given) => {
          const answer = await ask(...given);
          setTimeout(() => (ms = ${aheadMs + laterMs}));
          return answer;
        };
      }`);
    await page.goto(`${url}/#/${path}`);
    return new RunOnPage(page);
  }

  async leave(): Promise<void> {
    for (const context of this.contexts.splice(0)) await context.close();
    this.complaints.length = 0;
  }

  async close(): Promise<void> {
    await this.browser?.close();
  }
}

/** The page of a run, as somebody sees it. */
export class RunOnPage {
  constructor(readonly page: Page) {}

  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', { name, exact: typeof name === 'string' });
  }

  /** How many events are held, and what is missing. */
  get held(): Locator {
    return this.page.locator('.held');
  }

  async says(what: RegExp, within: Locator = this.page.locator('main')): Promise<void> {
    try {
      await within.filter({ hasText: what }).first().waitFor({ timeout: 60_000 });
    } catch (error) {
      const said = await this.page.locator('main').innerText();
      throw new Error(`The page did not say ${what}, but:\n${said}`, { cause: error });
    }
  }

  row(what: RegExp | string): Locator {
    return this.page.getByRole('row').filter({ hasText: what }).first();
  }

  /** Whether the list shows it: rows are drawn beyond its edges, too. */
  async isInSight(row: Locator): Promise<boolean> {
    const [box, list] = [await row.boundingBox(), await this.page.getByRole('grid').boundingBox()];
    return box !== null && list !== null && box.y >= list.y && box.y + box.height <= list.y + list.height;
  }

  /** Of the list, however many are drawn. */
  async rowCount(): Promise<number> {
    return Number(await this.page.getByRole('grid').getAttribute('aria-rowcount'));
  }

  async rowTexts(): Promise<string[]> {
    return this.page.getByRole('row').allTextContents();
  }

  /** Where the list begins. */
  async toTop(): Promise<void> {
    await this.page.evaluate(`document.querySelector('.list').scrollTop = 0`);
  }

  /** The label of what has the focus. */
  async focused(): Promise<unknown> {
    return this.page.evaluate(`document.activeElement?.getAttribute('aria-label')`);
  }

  get inspector(): Locator {
    return this.page.getByRole('complementary', { name: 'Inspector' });
  }

  async search(text: string): Promise<void> {
    await this.page.keyboard.press('/');
    await this.page.keyboard.type(text);
  }
}
