import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { EventHandler, type Handler, type RecordedEvent, Runstream } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import { type RedisServer, startRedis } from '../support/redis.js';
import { type Host, startHost } from './host.js';

const DATABASE = 13;

@EventHandler({ group: 'seen', types: ['llm.*'] })
class SeenHandler implements Handler {
  readonly runs: string[] = [];

  handle(event: RecordedEvent): void {
    this.runs.push(event.run_id);
  }
}

describe('applications that share a server, each with a key prefix', () => {
  /** Of its own: every key in it is looked at. */
  let server: RedisServer;
  let redis: Redis;
  let hosts: Host[] = [];

  beforeEach(async () => {
    server = await startRedis();
    redis = new Redis(server.url, { db: DATABASE });
  });

  afterEach(async () => {
    await Promise.all(hosts.map((host) => host.close()));
    redis.disconnect();
    await server.stop();
  });

  it('have logs, live watchers and groups of their own, and write nothing beside their prefix', async () => {
    const prefixes = ['shop:', 'billing:'];
    hosts = await Promise.all(
      prefixes.map((keyPrefix) =>
        startHost({
          runstream: {
            auth: { mode: 'none' },
            redis: {
              keyPrefix,
              connect: (_, options) => new Redis(server.url, { ...options, db: DATABASE }),
            },
          },
          providers: [SeenHandler],
        }),
      ),
    );
    for (const [i, host] of hosts.entries()) {
      const runs = host.app.get(Runstream);
      const run = await runs.start({ task: 'x', key: 'order-1' });
      const seen: string[] = [];
      let isLive = false;
      const watching = (async () => {
        for await (const item of runs.watch(run.id)) {
          isLive = true;
          if (item.kind === 'event') seen.push(item.event.id);
        }
      })();
      await eventually('a live watcher', () => isLive);
      // Nor do they hear each other, or another database of the server: pub/sub knows none of this by itself.
      const channels = (await redis.call('PUBSUB', 'SHARDCHANNELS')) as string[];
      expect(channels.filter((channel) => channel.includes(run.id))).toEqual([
        expect.stringMatching(new RegExp(`^${prefixes[i]}.*:${DATABASE}$`)),
      ]);
      // One that the script for single events writes, several by the other, and the end.
      await runs.append(run.id, { type: 'llm.tool_call', data: { tool_name: 'a' } });
      await runs.append(run.id, [
        { type: 'llm.tool_call', data: { tool_name: 'b' } },
        { type: 'llm.tool_call', data: { tool_name: 'c' } },
      ]);
      await runs.cancel(run.id);
      await watching;
      const page = await runs.history(run.id, { limit: 100 });
      expect(seen).toEqual(page.events.map(({ id }) => id));
      await eventually('three events handled', () => host.app.get(SeenHandler).runs.length >= 3);
      expect(host.app.get(SeenHandler).runs).toEqual([run.id, run.id, run.id]);
      expect((await runs.list({ key: 'order-1' })).runs.map(({ id }) => id)).toEqual([run.id]);
    }
    const keys = await redis.keys('*');
    expect(keys.filter((key) => !prefixes.some((prefix) => key.startsWith(prefix)))).toEqual([]);
    const [shop, billing] = prefixes.map((prefix) => keys.filter((key) => key.startsWith(prefix)).length);
    expect(shop).toBeGreaterThan(10);
    expect(billing).toBeGreaterThan(10);
  });
});
