import { setTimeout as delay } from 'node:timers/promises';

/** @throws what the signal says once it is aborted */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
  signal.throwIfAborted();
}
