import { MAX_RECONNECT_DELAY_MS, type RedisConnections } from '../../redis/index.js';

/**
 * Leases run on while Redis is away, and then every long handler looks dead: for one whole lease after an outage nobody
 * takes over what is another's, so that whoever lives can say so first.
 */
export class Patience {
  private troubledAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly redis: RedisConnections,
    private readonly leaseMs: number,
  ) {}

  /** A command had no answer: the server may be there and yet not serve, and others know no more than we do. */
  noteTrouble(): void {
    this.troubledAt = performance.now();
  }

  /** Whether an outage of the server that has a key is long enough ago. */
  async isOver(key: string): Promise<boolean> {
    if (performance.now() - this.troubledAt < this.leaseMs + MAX_RECONNECT_DELAY_MS) return false;
    return this.redis.hasBeenSteadyFor(this.leaseMs, key);
  }
}
