import { redisCall, type RedisConnections } from '../../redis/index.js';

/** All tenants, some at a time: where it has come to is in Redis, so that processes go on where another has ended. */
export class SlowWalk {
  constructor(
    private readonly redis: RedisConnections,
    private readonly tenantsKey: string,
    private readonly named: readonly string[] | undefined,
    private readonly cursorKey: string,
  ) {}

  /** The next tenants, about this part of all; `done` when they were looked at: until then they are the next ones. */
  async next(part: number): Promise<{ tenants: string[]; done: () => Promise<void> }> {
    const { commands } = this.redis;
    const [total, saved] = await redisCall(
      Promise.all([this.named?.length ?? commands.scard(this.tenantsKey), commands.get(this.cursorKey)]),
    );
    const most = Math.ceil(Math.min(part, 1) * total);
    const tenants: string[] = [];
    let cursor = saved ?? '0';
    do {
      const [next, page] = await this.page(cursor, most);
      cursor = next;
      tenants.push(...page);
    } while (cursor !== '0' && tenants.length < most);
    return {
      tenants,
      done: async () => {
        await redisCall(commands.set(this.cursorKey, cursor));
      },
    };
  }

  private async page(cursor: string, most: number): Promise<[next: string, tenants: string[]]> {
    if (!this.named)
      return redisCall(this.redis.commands.sscan(this.tenantsKey, cursor, 'COUNT', Math.max(1, most)));
    const from = Number(cursor);
    const to = from + Math.max(1, most);
    return [to < this.named.length ? String(to) : '0', this.named.slice(from, to)];
  }
}
