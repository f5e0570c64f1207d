import { setTimeout as delay } from 'node:timers/promises';

/**
 * Calls `send(0)`, `send(1)`, … at an even rate, whether or not what was sent before has been answered: a server
 * that stalls is not given a rest, and what waits meanwhile is measured with it.
 */
export async function pace(
  perSecond: number,
  seconds: number,
  send: (n: number) => void,
): Promise<{ sent: number; seconds: number }> {
  const total = Math.round(perSecond * seconds);
  const start = performance.now();
  let sent = 0;
  while (sent < total) {
    const due = Math.min(total, Math.floor(((performance.now() - start) * perSecond) / 1000) + 1);
    while (sent < due) send(sent++);
    await delay(1);
  }
  return { sent, seconds: (performance.now() - start) / 1000 };
}
