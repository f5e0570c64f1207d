import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RedisConnections } from '../../src/redis/index.js';
import { BUCKETS } from '../../src/stream-consumer/index.js';
import { restOf } from '../../src/stream-consumer/finding/rest.js';
import { Membership } from '../../src/stream-consumer/members/membership.js';
import { SCRIPTS } from '../../src/stream-consumer/scripts.js';
import { WORK_KEYS } from '../../src/stream-consumer/work-keys.js';
import { upTo } from '../support/event-store.js';
import { startRedisCluster, type RedisCluster } from '../support/redis-cluster.js';

describe('In a cluster, what is asked at the same time', () => {
  let cluster: RedisCluster;
  let redis: RedisConnections;
  beforeAll(async () => {
    cluster = await startRedisCluster({ masters: 3, replicas: 0 });
    const nodes = cluster.addresses.split(',').map((address) => {
      const [host = '', port] = address.split(':');
      return { host, port: Number(port) };
    });
    redis = new RedisConnections({ cluster: { nodes } });
    await redis.start();
  });
  afterAll(async () => {
    redis.disconnect();
    await cluster.stop();
  });

  it('goes in a script for each slot, and everybody is answered', async () => {
    const streams = upTo(40).map((n) => `gathered:{${n}}`);
    for (const stream of streams) await redis.commands.xgroup('CREATE', stream, 'g', '0', 'MKSTREAM');
    const busy = streams.filter((_, i) => i % 3 === 0);
    for (const stream of busy) await redis.commands.xadd(stream, '*', 'a', '1');
    const answers = await Promise.all(streams.map((stream) => restOf(redis, stream, 'g')));
    expect(answers).toEqual(streams.map((stream) => (busy.includes(stream) ? 'busy' : 'at rest')));
  });

  it('is told of every bucket, and of every consumer', async () => {
    const at = Date.now();
    for (const bucket of BUCKETS)
      await redis.commands.zadd(WORK_KEYS.touched('t', bucket), at, `x${bucket}.0`);
    const swept = await Promise.all(
      BUCKETS.map((bucket) =>
        SCRIPTS.sweep.ask(
          redis,
          [WORK_KEYS.touched('t', bucket), WORK_KEYS.swept(bucket)],
          ['one', 1000, 60_000, '', 10, 0],
        ),
      ),
    );
    expect(swept.map((reply) => (reply as string[])[2])).toEqual(BUCKETS.map((bucket) => `x${bucket}.0`));
    const members = upTo(5).map((n) => new Membership(redis, `consumer-${n}`, 'one', 2000));
    await Promise.all(members.map((member) => member.beat()));
    expect(members.map((member) => member.isAlone)).toEqual(members.map(() => true));
  });
});
