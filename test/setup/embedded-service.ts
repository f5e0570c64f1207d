import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { EmbeddedRedis } from '../../src/redis/embedded/index.js';

/**
 * Stands for the service: uses the embedded Redis of a folder and counts in it; told to end, it drains (goes on
 * counting for a while) before it gives Redis up. Arguments: data folder, number of counts, time to drain in ms.
 */
const [dataDir, counts = '0', drainMs = '0'] = process.argv.slice(2);

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const ended = new Promise<string>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => resolve(signal));
});

// A test run that was killed leaves none of these behind.
process.stdin
  .resume()
  .once('end', () => process.exit(1))
  .unref();

say('starting');
const embedded = await EmbeddedRedis.start({ ...(dataDir && { dataDir }), log: say });
const redis = new Redis(embedded.url, { retryStrategy: () => 20 });
redis.on('error', () => undefined);
for (let count = 0; count < Number(counts); count += 1) await redis.incr('count');
say(`ready ${/run_id:(\w+)/.exec(await redis.info('server'))?.[1]}`);

say(`draining after ${await ended}`);
const until = Date.now() + Number(drainMs);
while (Date.now() < until) {
  await redis.incr('count');
  await delay(10);
}
say(`drained at ${await redis.get('count')}`);
redis.disconnect();
await embedded.stop();
say('stopped');
