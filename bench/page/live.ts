import type { Page } from 'playwright-core';
import type { RunstreamClient } from '../../packages/client/src/index.js';
import { Latencies } from '../support/latencies.js';
import { pace } from '../support/pace.js';
import { type Frames, framesDuring } from './probe.js';

/** The newest event that is painted says when it was appended. */
const PAINTED = `
  probe.latencies = [];
  let newest = '';
  probe.everyFrame = () => {
    const text = document.querySelector('.list .row:last-child')?.textContent ?? '';
    const at = /at (\\d{13})/.exec(text)?.[1];
    if (at === undefined || at === newest) return;
    newest = at;
    probe.latencies.push(Date.now() - Number(at));
  };
`;

export interface Live extends Frames {
  /** From the call of the producer to the frame that shows it. */
  p95Ms: number;
}

/** Appends so many events a second, and looks at what the page makes of it. */
export async function live(
  page: Page,
  client: RunstreamClient,
  runId: string,
  { perSecond, seconds }: { perSecond: number; seconds: number },
): Promise<Live> {
  await page.evaluate(PAINTED);
  await using writer = client.append(runId);
  const frames = await framesDuring(page, async () => {
    await pace(perSecond, seconds, (n) => {
      void writer.write({
        event: { category: 'llm', action: 'stream' },
        source: { agent_id: `a${n % 3}` },
        data: { content: `at ${Date.now()} ` },
      });
    });
  });
  await writer.flush();
  const latencies = new Latencies();
  for (const ms of await page.evaluate<number[]>('probe.everyFrame = undefined, probe.latencies'))
    latencies.add(ms);
  return { ...frames, p95Ms: latencies.summary()['p95 ms'] };
}
