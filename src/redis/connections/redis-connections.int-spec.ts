import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { Redis } from 'ioredis';
import { eventually } from '../../../test/support/eventually.js';
import { freePort, type RedisServer, startRedis } from '../../../test/support/redis.js';
import { RedisUnavailableError } from '../../common/index.js';
import { RedisConnections, RedisModule } from '../index.js';

async function start(url: string): Promise<{ app: INestApplicationContext; redis: RedisConnections }> {
  const module = await Test.createTestingModule({
    imports: [RedisModule.forRoot({ url, commandTimeoutMs: 1000 })],
  }).compile();
  const app = await module.init();
  return { app, redis: app.get(RedisConnections) };
}

describe('The connections to Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(async () => {
    await server.stop();
  });

  it('say by name what each is for, and close with the application', async () => {
    const { app } = await start(server.url);
    const names = async () =>
      String(await witness.redis.commands.client('LIST'))
        .match(/runstream-\S+/g)
        ?.sort() ?? [];
    const witness = await start(server.url);
    const mine = ['runstream-commands', 'runstream-reads', 'runstream-subscriber'];
    await eventually('all are there', async () => (await names()).length === 6);
    expect(await names()).toEqual([...mine, ...mine].sort());
    await app.close();
    await eventually('they are gone', async () => (await names()).length === 3);
    await witness.app.close();
  });

  it('write the commands of one turn of the event loop at once, also after a reconnect', async () => {
    const { app, redis } = await start(server.url);
    const witness = await start(server.url);
    const writes = async () => {
      const info = await witness.redis.reads.info('stats');
      return Number(/^total_reads_processed:(\d+)/m.exec(info)?.[1]);
    };
    const turn = async () => {
      const before = await writes();
      const answers = await Promise.all(
        Array.from({ length: 500 }, (_, n) => redis.commands.echo(String(n))),
      );
      expect(answers).toEqual(Array.from({ length: 500 }, (_, n) => String(n)));
      return (await writes()) - before;
    };
    expect(await turn()).toBeLessThan(20);
    const socket = (redis.commands as Redis).stream;
    const lost = Array.from({ length: 3 }, () => redis.commands.ping().catch(() => 'lost'));
    socket.destroy();
    expect(new Set(await Promise.all(lost))).toEqual(new Set(['lost']));
    await eventually('it is there again', () => redis.commands.status === 'ready');
    expect((redis.commands as Redis).stream).not.toBe(socket);
    expect(await turn()).toBeLessThan(20);
    await app.close();
    await witness.app.close();
  });

  it('T23 a service starts without Redis, says 503, and works as soon as it is there', async () => {
    const port = await freePort();
    const { app, redis } = await start(`redis://127.0.0.1:${port}`);
    await expect(redis.ping()).rejects.toThrow(RedisUnavailableError);
    const late = await startRedis({ port });
    await eventually('it answers', () =>
      redis.ping().then(
        () => true,
        () => false,
      ),
    );
    await app.close();
    await late.stop();
  });
});
