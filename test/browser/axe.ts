import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const SOURCE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

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
