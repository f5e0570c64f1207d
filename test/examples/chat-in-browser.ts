import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import type { InstalledExamples, Served } from './installed-examples.js';

interface Run {
  id: string;
  status: string;
  attempt: number;
}

const WORDS = 200;
/** These are said for so long that no machine is too slow to come before the last. */
const MANY_WORDS = 400;
const TOO_MANY_WORDS = 5000;
/** A run whose process was killed is taken up again after five seconds. */
const PATIENCE_MS = 120_000;

/**
 * What the example chat must do in a browser, whichever version of the AI SDK its page is made of. It throws where that
 * is not so.
 */
export class ChatInBrowser {
  private readonly open: Page[] = [];

  private constructor(
    private readonly examples: InstalledExamples,
    private readonly browser: Browser,
    private readonly redisUrl: string,
    private served: Served,
  ) {}

  static async start(
    examples: InstalledExamples,
    browser: Browser,
    redisUrl: string,
  ): Promise<ChatInBrowser> {
    const served = await examples.start('chat', { REDIS_URL: redisUrl });
    return new ChatInBrowser(examples, browser, redisUrl, served);
  }

  async stop(): Promise<void> {
    await this.leave();
    this.served.child.process.kill('SIGTERM');
    await this.served.child.exit();
  }

  /** Closes the pages that a scene has opened. */
  async leave(): Promise<void> {
    for (const page of this.open.splice(0)) await page.close();
  }

  /** Two reloads while the words come, a second window, and a reload when there are no more. */
  async isReloaded(): Promise<void> {
    const page = await this.visit();
    await this.ask(page, `Count to ${WORDS}`);
    await says(page, 20);
    await page.reload();
    await says(page, 60);
    const second = await this.visit(page.url());
    await page.reload();
    for (const one of [page, second]) {
      await isReady(one, WORDS);
      await this.holdsTheLog(one, ['completed']);
    }
    const stream = `${this.served.url}/api/chat/${chatOf(page)}/stream`;
    assert.equal((await fetch(stream)).status, 204);
    await page.reload();
    await isReady(page, WORDS);
    await this.holdsTheLog(page, ['completed']);
  }

  /** The service is killed while the words come, and started again: the page is not touched. */
  async isServedAgain(): Promise<void> {
    const page = await this.visit();
    await this.ask(page, `Count to ${MANY_WORDS}`);
    await says(page, 50);
    await this.kill();
    await page.locator('output', { hasText: 'The line broke' }).waitFor();
    await this.startAgain();
    await isReady(page, MANY_WORDS);
    const [run] = await this.holdsTheLog(page, ['completed']);
    assert.equal(run?.attempt, 2);
  }

  /** A question that is asked while nobody is there, and one whose answer does not reach the page: each is one run. */
  async asksUntilAnswered(): Promise<void> {
    const page = await this.visit();
    await page.locator('output').waitFor();
    await this.kill();
    const refused = page.waitForEvent('requestfailed');
    await this.ask(page, 'Count to 20');
    await refused;
    await this.startAgain();
    await isReady(page, 20);
    await this.holdsTheLog(page, ['completed']);

    let asked = 0;
    await page.route('**/api/chat', async (route) => {
      if (++asked > 1) return route.continue();
      await fetch(route.request().url(), {
        method: 'POST',
        headers: route.request().headers(),
        body: route.request().postData(),
      });
      await route.abort();
    });
    await this.ask(page, 'Count to 30');
    await isReady(page, 30, 2);
    assert.equal(asked, 2);
    await this.holdsTheLog(page, ['completed', 'completed']);
  }

  /** `stop()` of a chat that was resumed closes the connection, and the button cancels the run. */
  async isStopped(): Promise<void> {
    const page = await this.visit();
    await this.ask(page, `Count to ${TOO_MANY_WORDS}`);
    await says(page, 20);
    await page.reload();
    await says(page, 40);
    const closed = page.waitForEvent('requestfailed', (request) => /\/stream\?/.test(request.url()));
    // Nothing else closes it: the run is not cancelled before.
    await page.route('**/stop', (route) => closed.then(() => route.continue()));
    await page.click('text=Stop');
    assert.equal((await closed).failure()?.errorText, 'net::ERR_ABORTED');
    await isReady(page, 40);
    const [run] = await this.holdsTheLog(page, ['cancelled']);
    const [said = ''] = await answers(page);
    assert.ok(!said.endsWith(` ${TOO_MANY_WORDS} `), 'it was said to the end');

    await this.ask(page, 'Count to 30');
    await isReady(page, 30, 2);
    await page.reload();
    await isReady(page, 30, 2);
    const runs = await this.holdsTheLog(page, ['cancelled', 'completed']);
    assert.equal(runs[0]?.id, run?.id);
    assert.match((await answers(page))[1] ?? '', /^This is answer 2\. 1 2 /);
  }

  private async visit(url = this.served.url): Promise<Page> {
    const page = await this.browser.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    this.open.push(page);
    await page.goto(url);
    return page;
  }

  private async ask(page: Page, question: string): Promise<void> {
    await page.fill('input', question);
    await page.click('text=Send');
  }

  private async kill(): Promise<void> {
    this.served.child.process.kill('SIGKILL');
    await this.served.child.exit();
  }

  private async startAgain(): Promise<void> {
    const { port } = new URL(this.served.url);
    this.served = await this.examples.start('chat', { REDIS_URL: this.redisUrl, PORT: port });
  }

  /** A message for each run of the chat, and in each what the log says. */
  private async holdsTheLog(page: Page, statuses: readonly string[]): Promise<Run[]> {
    const { runs } = await this.get<{ runs: Run[] }>(`/runs?key=${chatOf(page)}`);
    runs.reverse();
    assert.equal(runs.map(({ status }) => status).join(), statuses.join());
    const said: string[] = [];
    for (const { id } of runs) {
      const path = `/runs/${id}/events?type=llm.stream&limit=10000`;
      const { events } = await this.get<{ events: { data: { content: string } }[] }>(path);
      said.push(events.map(({ data }) => data.content).join(''));
    }
    assert.equal((await answers(page)).join('\n'), said.join('\n'));
    assert.equal(await page.locator('p.user').count(), runs.length);
    return runs;
  }

  private async get<T>(path: string): Promise<T> {
    return (await (await fetch(this.served.url + path)).json()) as T;
  }
}

const chatOf = (page: Page): string => new URL(page.url()).searchParams.get('chat') ?? '';
const answers = (page: Page): Promise<string[]> => page.locator('p.assistant span').allTextContents();
/** The answer with this number, the first by default, has come as far as this word. */
const says = (page: Page, word: number, number = 1): Promise<void> =>
  page
    .locator('p.assistant')
    .nth(number - 1)
    .filter({ hasText: ` ${word} ` })
    .waitFor();

/** The same, and nothing is under way any more. */
async function isReady(page: Page, word: number, number?: number): Promise<void> {
  await says(page, word, number);
  await page.locator('output', { hasText: /^ready$/ }).waitFor();
}
