import type { Page } from 'playwright-core';

/** Runs in the page, before anything of it does. What it sees it notes with the page's own clock. */
const PROBE = `
  globalThis.probe = { longTasks: [], frames: [], seen: {} };
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) probe.longTasks.push(duration);
  }).observe({ type: 'longtask', buffered: true });
  let last;
  const frame = (now) => {
    if (last !== undefined) probe.frames.push(now - last);
    last = now;
    for (const [name, find] of Object.entries(probe.watched ?? {})) {
      if (probe.seen[name] === undefined && find()) probe.seen[name] = performance.now();
    }
    probe.everyFrame?.();
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
`;

/** What the page is asked for by name: a condition, as an expression. */
export type Watched = Readonly<Record<string, string>>;

export interface Seen {
  /** When each condition held first, in ms from the start of the navigation. */
  seen: Record<string, number>;
  longestTaskMs: number;
}

/** Opens an address in a new tab, and waits until each condition has held once, at a frame. */
export async function open(page: Page, url: string, watched: Watched, timeoutMs = 120_000): Promise<Seen> {
  const finders = Object.entries(watched).map(([name, find]) => `${JSON.stringify(name)}: () => ${find}`);
  await page.addInitScript(`${PROBE}; probe.watched = { ${finders.join(', ')} };`);
  await page.goto(url);
  const all = Object.keys(watched).length;
  await page.waitForFunction(`Object.keys(probe.seen).length === ${all}`, undefined, { timeout: timeoutMs });
  return page.evaluate('({ seen: probe.seen, longestTaskMs: Math.max(0, ...probe.longTasks) })');
}

export interface Frames {
  perSecond: number;
  longestMs: number;
}

/** What the page did while something went on. */
export async function framesDuring(page: Page, action: () => Promise<void>): Promise<Frames> {
  await page.evaluate('probe.frames.length = 0');
  await action();
  const frames = await page.evaluate<number[]>('probe.frames.splice(0)');
  const total = frames.reduce((sum, ms) => sum + ms, 0);
  return { perSecond: (1000 * frames.length) / total, longestMs: Math.max(...frames) };
}

/** What is on the heap once all garbage is collected, in bytes. */
export async function heapOf(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  try {
    await session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    return usedSize;
  } finally {
    await session.detach();
  }
}

/** What passes between the input of a text to search for and the first frame at which a condition holds, in ms. */
export function afterTyping(page: Page, text: string, condition: string): Promise<number> {
  return page.evaluate<number>(`new Promise((resolve) => {
    const box = document.querySelector('input[type="search"]');
    let started;
    probe.everyFrame = () => {
      if (!${condition}) return;
      probe.everyFrame = undefined;
      resolve(performance.now() - started);
    };
    box.value = ${JSON.stringify(text)};
    started = performance.now();
    box.dispatchEvent(new InputEvent('input', { bubbles: true }));
  })`);
}
