import type { Redis } from 'ioredis';
import { NotReplicatedError } from '../../common/index.js';
import { redisCall } from '../redis-error.js';
import type { Shards } from './shards.js';
import { isCluster, type RedisClient } from './redis-client.js';

/**
 * Waits until so many replicas have what was appended. WAIT holds up a whole connection, so appends have one of their own,
 * and one WAIT at a time serves all that were answered before it.
 */
export class AppendReplication {
  private readonly waits = new WeakMap<Redis, Wait>();

  constructor(
    private readonly client: RedisClient,
    private readonly shards: Shards,
    private readonly replicas: number,
    private readonly timeoutMs: number,
  ) {}

  /**
   * To be called before an append is sent; what it gives, after it was answered.
   *
   * @throws (by what it gives) NotReplicatedError, RedisUnavailableError
   */
  begin(key: string): () => Promise<void> {
    const before = this.nodeOf(key);
    const socket = before?.stream;
    return async () => {
      const node = this.nodeOf(key);
      // Another server knows nothing of what this one was given.
      if (!node || node !== before || node.stream !== socket) throw new NotReplicatedError();
      let wait = this.waits.get(node);
      if (!wait) this.waits.set(node, (wait = new Wait(node, this.replicas, this.timeoutMs)));
      await wait.next();
      if (node.stream !== socket) throw new NotReplicatedError();
    };
  }

  private nodeOf(key: string): Redis | undefined {
    if (!isCluster(this.client)) return this.client;
    const address = this.shards.of(key)?.address;
    return this.client.nodes('master').find(({ options }) => `${options.host}:${options.port}` === address);
  }
}

class Wait {
  private current: Promise<void> | undefined;
  private following: Promise<void> | undefined;

  constructor(
    private readonly node: Redis,
    private readonly replicas: number,
    private readonly timeoutMs: number,
  ) {}

  /** One that begins from here on. */
  next(): Promise<void> {
    if (!this.current) return (this.current = this.ask().finally(() => (this.current = undefined)));
    return (this.following ??= this.current
      .catch(() => undefined)
      .then(() => {
        this.following = undefined;
        return this.next();
      }));
  }

  private async ask(): Promise<void> {
    // It counts from where the server stood when it had done this connection's last command, whoever wrote until then: an
    // event that is known by its key is covered, too.
    const reached = await redisCall(this.node.wait(this.replicas, this.timeoutMs));
    if (reached < this.replicas) throw new NotReplicatedError();
  }
}
