import { describe, expect, it } from '@jest/globals';
import { startRedis } from '../support/redis.js';
import { runFinding } from './finding.js';

describe('Work is found', () => {
  it.each([
    ['by signals', false],
    ['though every signal is lost', true],
  ])('T243 %s, whoever dies, leaves or comes', async (_, losesSignals) => {
    const redis = await startRedis();
    try {
      const report = await runFinding({
        url: redis.url,
        seed: Number(losesSignals) + 1,
        seconds: 6,
        tenants: 50,
        appendsPerSecond: 60,
        losesSignals,
      });
      expect(report).toMatchObject({ lost: 0 });
      expect(report.appended).toBeGreaterThan(100);
    } finally {
      await redis.stop();
    }
  });
});
