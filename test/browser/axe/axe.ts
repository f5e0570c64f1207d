import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const SOURCE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** A scheme of colours, and a width in pixels. */
export const LOOKS = [
  { colorScheme: 'light', width: 1280 },
  { colorScheme: 'dark', width: 1280 },
  { colorScheme: 'light', width: 390 },
  { colorScheme: 'dark', width: 390 },
] as const;

interface Finding {
  id: string;
  nodes: { target: unknown; failureSummary?: string }[];
}

/**
 * What axe finds on the page as it is now, a line for each.
 *
 * The page's policy takes no script but its own, so axe comes in as a tool of the browser does.
 */
export async function findingsOf(page: Page): Promise<string[]> {
  await page.evaluate(SOURCE);
  const call = `axe.run({ runOnly: ${JSON.stringify(TAGS)}, resultTypes: ['violations'] })`;
  const { violations } = await page.evaluate<{ violations: Finding[] }>(call);
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(
      ({ target, failureSummary = '' }) =>
        `${id} ${String(target)}: ${failureSummary.replaceAll(/\s+/g, ' ')}`,
    ),
  );
}

/** The same in every look: for a state of a page that another test has brought about, and that is hard to come by. */
export async function findingsInAllLooks(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const { colorScheme, width } of LOOKS) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 800 });
    found.push(...(await findingsOf(page)).map((finding) => `${colorScheme}, ${width}: ${finding}`));
  }
  return found;
}
