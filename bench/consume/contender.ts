/**
 * A consuming process: `contender.ts <name> <Redis URL>`. It drains what each line of its stdin names, and says how
 * long that took.
 */
import { createInterface } from 'node:readline';
import { bareLoop } from './bare-loop.js';
import { bullmq } from './bullmq.js';
import { Clock, type Drain, type Job } from './protocol.js';
import { runstream, runstreamOrdered } from './runstream.js';

const CONTENDERS: Record<string, (url: string) => Drain> = {
  runstream,
  'runstream-ordered': runstreamOrdered,
  bullmq,
  'bare-loop': bareLoop,
};

const [name = '', url = ''] = process.argv.slice(2);
const contender = CONTENDERS[name];
if (!contender) throw new Error(`There is no contender "${name}".`);
const drain = contender(url);

console.log('ready');
for await (const line of createInterface(process.stdin)) {
  const clock = new Clock();
  await drain(JSON.parse(line) as Job, clock);
  console.log(`drained ${JSON.stringify(clock.drained)}`);
}
process.exit(0);
