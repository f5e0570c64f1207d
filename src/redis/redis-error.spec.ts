import { describe, expect, it } from '@jest/globals';
import { RedisUnavailableError, RunNotFoundError } from '../common/index.js';
import { isRedisUnavailable, redisCall } from './redis-error.js';

function reply(message: string): Error {
  const error = new Error(message);
  error.name = 'ReplyError';
  return error;
}

/** LOADING and CLUSTERDOWN are hard to have from a real server at will; outage.int-spec.ts provokes the others. */
describe('An error from Redis', () => {
  it.each([
    ...[
      'LOADING Redis is loading the dataset in memory',
      'READONLY You can’t write against a read only replica.',
    ],
    ...[
      "OOM command not allowed when used memory > 'maxmemory'.",
      'MISCONF Redis is configured to save RDB snapshots',
    ],
    ...[
      'CLUSTERDOWN The cluster is down',
      'MASTERDOWN Link with MASTER is down',
      'BUSY Redis is busy running a script',
      'MOVED 13907 127.0.0.1:7001',
      'ASK 13907 127.0.0.1:7001',
      'TRYAGAIN Multiple keys request during rehashing of slot',
    ],
  ])('T23 that says "%s" is an outage', async (message) => {
    expect(isRedisUnavailable(reply(message))).toBe(true);
    await expect(redisCall(Promise.reject(reply(message)))).rejects.toThrow(RedisUnavailableError);
  });

  it.each([
    ...[
      'WRONGTYPE Operation against a key holding the wrong kind of value',
      'ERR unknown command',
      'NOSCRIPT No matching',
    ],
    ...[
      'ERR Command timed out in a script',
      'OOMPH is no code of Redis',
      'BUSYGROUP Consumer Group name already exists',
      "CROSSSLOT Keys in request don't hash to the same slot",
    ],
  ])('that says "%s" is a defect of ours', async (message) => {
    const error = reply(message);
    expect(isRedisUnavailable(error)).toBe(false);
    await expect(redisCall(Promise.reject(error))).rejects.toBe(error);
  });

  it('T23 that comes from the connection is an outage', () => {
    for (const message of [
      ...['Connection is closed.', 'Command timed out', "Stream isn't writeable and …"],
      "Cluster isn't ready and enableOfflineQueue options is false",
      'Too many Cluster redirections. Last error: ReplyError: CLUSTERDOWN The cluster is down',
      ...['Cluster is ended.', 'Failed to refresh slots cache.', 'None of startup nodes is available'],
      'All sentinels are unreachable. Retrying from scratch after 50ms.',
    ]) {
      expect(isRedisUnavailable(new Error(message))).toBe(true);
    }
    expect(isRedisUnavailable(Object.assign(new Error('read ECONNRESET'), { syscall: 'read' }))).toBe(true);
  });

  it('that is one of ours already stays what it is', async () => {
    expect(isRedisUnavailable(new RedisUnavailableError())).toBe(true);
    expect(isRedisUnavailable(new RunNotFoundError())).toBe(false);
    await expect(redisCall(Promise.reject(new RunNotFoundError()))).rejects.toThrow(RunNotFoundError);
    expect(isRedisUnavailable(new TypeError('x is not a function'))).toBe(false);
  });
});
