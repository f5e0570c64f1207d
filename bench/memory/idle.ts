import { setTimeout as delay } from 'node:timers/promises';
import { LoadProcess } from '../support/load-process.js';
import type { Server } from '../support/server.js';
import type { IdleJob } from './idle-load.js';
import { type Resident, resident } from './resident.js';

/** Connected and closed again before anything is measured, so that code and pools are there. */
const WARM_UP_WATCHERS = 200;

/** Bytes. */
export type PerWatcher = Record<'rss' | 'heapUsed', number>;

/**
 * What each watcher takes that is connected and gets nothing, for each count of watchers.
 *
 * @param server started with COLLECTS_ON_SIGNAL
 * @param urls at least as many as the last count
 * @param body asks with it by POST. Default: by GET.
 */
export async function perIdleWatcher(
  server: Server,
  urls: readonly string[],
  counts: readonly number[],
  body?: string,
): Promise<PerWatcher[]> {
  const load = await LoadProcess.start<IdleJob, { open: number }>(new URL('./idle-load.ts', import.meta.url));
  const open = (from: number, to: number) =>
    load.ask({ kind: 'open', urls: urls.slice(from, to), ...(body !== undefined && { body }) });
  try {
    await open(0, WARM_UP_WATCHERS);
    await load.ask({ kind: 'close' });
    // The server learns of it a moment later.
    await delay(500);
    const before = await resident(server);
    const taken: PerWatcher[] = [];
    let opened = 0;
    for (const count of counts) {
      await open(opened, count);
      opened = count;
      const now = await resident(server);
      const each = (of: keyof Resident): number => (now[of] - before[of]) / count;
      taken.push({ rss: each('rss'), heapUsed: each('heapUsed') });
    }
    return taken;
  } finally {
    await load.stop();
  }
}
