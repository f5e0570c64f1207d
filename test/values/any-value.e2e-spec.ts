import { describe, expect, it } from '@jest/globals';
import { startScript } from '../support/child.js';
import { testRedisUrl } from '../support/redis.js';

/** `npm run values` takes ten thousand. */
const VALUES = Number(process.env['ANY_VALUES'] ?? 300);
const SEED = Number(process.env['ANY_VALUES_SEED'] ?? Date.now() % 1_000_000);

describe('Any value from user code', () => {
  it(`T211 leaves the process alive, and its event with the outcome of the docs (seed ${SEED})`, async () => {
    const child = startScript('test/values/any-value-process.ts', [
      testRedisUrl(),
      String(VALUES),
      String(SEED),
    ]);
    const code = await child.exit();
    expect({ code, last: code === 0 ? child.lines.at(-1) : child.lines.slice(-30) }).toEqual({
      code: 0,
      last: `checked ${VALUES} values, 0 wrong`,
    });
  }, 900_000);
});
