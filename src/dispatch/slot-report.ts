import type { ExecutorSlots } from '../event-store/index.js';
import type { ExecutorConsumer } from './executor-consumer.js';

/** Often enough for others not to forget it. */
const AGAIN_MS = 5000;

/** Tells other processes how much room there is here: when it has changed, and now and then. */
export class SlotReport {
  private readonly told = new Map<string, { text: string; atMs: number }>();

  constructor(
    private readonly slots: ExecutorSlots,
    private readonly process: string,
  ) {}

  /** @throws RedisUnavailableError */
  async tell(consumers: readonly ExecutorConsumer[]): Promise<void> {
    for (const { executor, concurrency: total, room } of consumers) {
      const slots = { total, taken: total - room };
      const text = JSON.stringify(slots);
      const before = this.told.get(executor);
      const now = performance.now();
      if (before?.text === text && now - before.atMs < AGAIN_MS) continue;
      await this.slots.tell(executor, this.process, slots);
      this.told.set(executor, { text, atMs: now });
    }
  }
}
