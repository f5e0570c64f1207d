/**
 * `npm run finding`: looks for work that is not found in time, for as long as `--seconds` says, with and without signals.
 * Fails when something is lost, or found later than the bounds that docs/architecture.md promises.
 */
import { parseArgs } from 'node:util';
import { startRedis } from '../support/redis.js';
import { runFinding } from './finding.js';

const MOST_MS = 3000;
const MOST_AFTER_DEATH_MS = 6000;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    tenants: { type: 'string', default: '300' },
    rate: { type: 'string', default: '1000' },
  },
});

let failed = false;
for (const losesSignals of [false, true]) {
  const redis = await startRedis();
  const report = await runFinding({
    url: redis.url,
    seed: Number(values.seed),
    seconds: Number(values.seconds),
    tenants: Number(values.tenants),
    appendsPerSecond: Number(values.rate),
    losesSignals,
  });
  await redis.stop();
  console.log(losesSignals ? 'no signals:  ' : 'with signals:', JSON.stringify(report));
  failed ||= report.lost > 0 || report.worstMs > MOST_MS || report.worstAfterDeathMs > MOST_AFTER_DEATH_MS;
}
process.exitCode = failed ? 1 : 0;
