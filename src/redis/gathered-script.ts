import slotOf from 'cluster-key-slot';
import type { RedisConnections } from './connections/index.js';
import { RedisScript } from './redis-script.js';

interface Ask {
  keys: readonly string[];
  args: readonly (string | number)[];
  resolve: (reply: unknown) => void;
  reject: (error: unknown) => void;
}

/**
 * A script that answers many in one call (scripts/asks.lua): all that ask in one turn of the event loop. In a cluster those
 * whose keys are in one slot.
 */
export class GatheredScript {
  private readonly script: RedisScript;
  private readonly waiting = new Map<RedisConnections, Ask[]>();

  /** @param most that are answered in one call: Redis serves nobody else meanwhile */
  constructor(
    file: URL,
    private readonly most: number,
  ) {
    this.script = new RedisScript(file);
  }

  /** @throws RedisUnavailableError, and what the script says to this one */
  ask(
    redis: RedisConnections,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const ask: Ask = { keys, args, resolve, reject };
      const waiting = this.waiting.get(redis);
      if (waiting) {
        waiting.push(ask);
        return;
      }
      const asks = [ask];
      this.waiting.set(redis, asks);
      setImmediate(() => {
        this.waiting.delete(redis);
        this.send(redis, asks);
      });
    });
  }

  private send(redis: RedisConnections, asked: readonly Ask[]): void {
    const together = new Map<number, Ask[]>();
    for (const ask of asked) {
      const slot = redis.topology === 'cluster' ? slotOf(ask.keys[0] ?? '') : 0;
      const others = together.get(slot);
      if (others) others.push(ask);
      else together.set(slot, [ask]);
    }
    for (const asks of together.values()) {
      // Those about the same key beside each other: a script may look at it once for all of them.
      asks.sort((a, b) => compare(a.keys[0] ?? '', b.keys[0] ?? ''));
      for (let i = 0; i < asks.length; i += this.most) void this.run(redis, asks.slice(i, i + this.most));
    }
  }

  /** Never rejects. */
  private async run(redis: RedisConnections, asks: readonly Ask[]): Promise<void> {
    const keys = asks.flatMap((ask) => ask.keys);
    const args = asks.flatMap((ask) => [ask.keys.length, ask.args.length, ...ask.args]);
    try {
      const replies = (await this.script.run(redis.commands, keys, args)) as unknown[];
      for (const [i, { resolve, reject }] of asks.entries()) {
        const reply = replies[i];
        if (reply instanceof Error) reject(reply);
        else resolve(reply);
      }
    } catch (error) {
      for (const { reject } of asks) reject(error);
    }
  }
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
