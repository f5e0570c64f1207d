import { type RedisConnections, redisCall } from '../redis/index.js';

/**
 * Leases run on while Redis is away, and then every long handler looks dead: for one whole lease after an outage nobody
 * takes over what is another's, so that whoever lives can say so first.
 */
export class Patience {
  private troubledAt = Number.NEGATIVE_INFINITY;
  /** The server has been up for long enough; true until the connection breaks. */
  private serverIsSettled = false;
  private outages = 0;

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
    if (this.redis.outages !== this.outages) {
      this.outages = this.redis.outages;
      this.serverIsSettled = false;
      this.noteTrouble();
    }
    if (performance.now() - this.troubledAt < this.leaseMs) return false;
    if (this.outages > 0 && this.redis.connectedForMs < this.leaseMs) return false;
    // A process that has just started knows of no outage; the server does.
    this.serverIsSettled ||= (await this.uptimeMs()) >= this.leaseMs;
    return this.serverIsSettled;
  }

  private async uptimeMs(): Promise<number> {
    const info = await redisCall(this.redis.commands.info('server'));
    return Number(/^uptime_in_seconds:(\d+)/m.exec(info)?.[1] ?? 0) * 1000;
  }
}
