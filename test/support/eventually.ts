import { setTimeout as delay } from 'node:timers/promises';

/** Waits until the condition holds, and fails with its name when it does not in time (30 s by default). */
export async function eventually(
  name: string,
  condition: () => boolean | Promise<boolean>,
  withinMs = 30_000,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Not within ${withinMs} ms: ${name}`);
    await delay(20);
  }
}
