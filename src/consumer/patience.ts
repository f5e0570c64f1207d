import type { RedisConnections } from '../redis/index.js';

/** Within this time all processes that live have found Redis again: the longest pause between two attempts to connect. */
const RECONNECT_MS = 1000;

/**
 * Leases run on while Redis is away, and then every long handler looks dead: for one whole lease after an outage nobody
 * takes over what is another's, so that whoever lives can say so first. The lease counts from when the last of them has
 * found Redis again, and not from when this process has.
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

  /** Whether an outage is long enough ago. */
  async isOver(): Promise<boolean> {
    const enough = this.leaseMs + RECONNECT_MS;
    if (performance.now() - this.troubledAt < enough) return false;
    return this.redis.hasBeenSteadyFor(enough);
  }
}
