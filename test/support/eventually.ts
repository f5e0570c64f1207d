import { setTimeout as delay } from 'node:timers/promises';

/** Waits until the condition holds, and fails with its name when it does not in time (two minutes by default: a busy machine is slow, and that is not what fails). */
export async function eventually(
  name: string,
  condition: () => boolean | Promise<boolean>,
  withinMs = 120_000,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Not within ${withinMs} ms: ${name}`);
    await delay(20);
  }
}
