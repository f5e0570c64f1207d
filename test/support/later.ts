import { expect } from '@jest/globals';
import { HandlerResult, PendingEntries, type PendingEntry } from '../../src/consumer/index.js';
import { JOURNAL_TOPIC } from '../../src/event-store/index.js';
import { bucketOf, partitionOf, WORK_KEYS } from '../../src/stream-consumer/index.js';
import type { TestConsumers } from './consumer.js';
import type { ConsumerScene } from './consumer-scene.js';
import { eventually } from './eventually.js';

export const HOURS_MS = 2 * 3_600_000;
export const inHours = (): HandlerResult =>
  HandlerResult.retry({ delayMs: HOURS_MS, reason: 'the bank is closed' });

/** Entries that wait for more than an hour, by their names. */
export const waiting = ({ commands, keys }: ConsumerScene): Promise<string[]> =>
  commands.zrange(keys.later.due, '-inf', '+inf', 'BYSCORE');

/** So many wait, and the group has nothing else in hand, as the event that the run has begun. */
export async function untilWaiting(scene: ConsumerScene, count = 1): Promise<void> {
  await eventually(`${count} wait`, async () => (await waiting(scene)).length === count);
  await eventually('the rest has its outcome', async () => (await scene.pending()).length === 0);
}

/** What waits is due in so many ms, as if all but these had passed. */
export async function setDue(scene: ConsumerScene, inMs = 0): Promise<void> {
  const [seconds, micros] = await scene.commands.time();
  const at = Number(seconds) * 1000 + Math.floor(Number(micros) / 1000) + inMs;
  for (const name of await waiting(scene)) await scene.commands.zadd(scene.keys.later.due, at, name);
}

/** What waits is due, and these processes look. */
export async function comeDue(scene: ConsumerScene, ...processes: TestConsumers[]): Promise<void> {
  await setDue(scene);
  for (const { runner } of processes) runner.running[0]?.finder.visitIn(partitionOf(scene.tenant), 0);
}

/** That something came there is no news by the time that it is due. */
export async function forgetTouches({ commands, tenant }: ConsumerScene): Promise<void> {
  const partition = partitionOf(tenant);
  await commands.zrem(WORK_KEYS.touched(JOURNAL_TOPIC, bucketOf(partition)), partition);
}

/** Nothing of what waited is left anywhere. */
export async function expectNothingLeft({ commands, keys }: ConsumerScene): Promise<void> {
  const { due, entries } = keys.later;
  expect(await commands.exists(due, entries, keys.state('redrive').entries)).toBe(0);
  expect(await commands.xlen(keys.redrive)).toBe(0);
}

export async function allPending(
  { tenant, group }: ConsumerScene,
  of: TestConsumers,
): Promise<PendingEntry[]> {
  const found: PendingEntry[] = [];
  for (let cursor: string | undefined = '_'; cursor !== undefined;) {
    const page = await of.app.get(PendingEntries).list(tenant, group, 1, cursor);
    expect(page.entries.length).toBeLessThanOrEqual(1);
    found.push(...page.entries);
    cursor = page.next;
  }
  return found;
}
