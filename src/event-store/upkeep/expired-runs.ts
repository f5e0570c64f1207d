import { redisCall, type RedisConnections } from '../../redis/index.js';
import type { Keyspace } from '../log/keys.js';
import { idOfMember } from '../log/runs/run-index.js';

const PAGE = 200;
/** Members of an index that one call compares with the runs there are. */
const MAX_COMPARED = 2000;

/** Takes runs that are gone, with their retention, out of the indexes of their partition: part of it at each call. */
export class ExpiredRuns {
  /** Where to go on comparing, by index. */
  private readonly compared = new Map<string, string>();

  constructor(
    private readonly redis: RedisConnections,
    private readonly keys: Keyspace,
  ) {}

  /** @returns how many */
  async forget(tenantId: string, partition: number): Promise<number> {
    const { runs, index, active } = this.keys.partition(tenantId, partition);
    // Both indexes are of the same runs: one that was found need not be looked for once more.
    const there = new Set<string>();
    const forgotten = await this.walk(
      tenantId,
      there,
      runs,
      (id) => id,
      async (gone) => {
        const { commands } = this.redis;
        await redisCall(Promise.all([commands.zrem(runs, ...gone), commands.zrem(active, ...gone)]));
      },
    );
    // A walk of its own: once a run's record is gone, nothing tells its terms any more.
    await this.walk(tenantId, there, index, idOfMember, (gone) =>
      redisCall(this.redis.commands.zrem(index, ...gone)),
    );
    return forgotten;
  }

  /** Whether the next call goes on within one of the partition's indexes. */
  isComparing(tenantId: string, partition: number): boolean {
    const { runs, index } = this.keys.partition(tenantId, partition);
    return this.compared.has(runs) || this.compared.has(index);
  }

  private async walk(
    tenantId: string,
    there: Set<string>,
    index: string,
    idOf: (member: string) => string,
    remove: (gone: string[]) => Promise<unknown>,
  ): Promise<number> {
    let after = this.compared.get(index);
    let removed = 0;
    for (let compared = 0; compared < MAX_COMPARED; compared += PAGE) {
      const members = await redisCall(
        this.redis.commands.zrangebylex(index, after ? `(${after}` : '-', '+', 'LIMIT', 0, PAGE),
      );
      const gone = await this.goneOf(tenantId, there, members, idOf);
      if (gone.length > 0) await remove(gone);
      removed += gone.length;
      after = members.length < PAGE ? undefined : members.at(-1);
      if (after === undefined) break;
    }
    if (after === undefined) this.compared.delete(index);
    else this.compared.set(index, after);
    return removed;
  }

  /** Mostly none is, which one count tells. Those that are not are `there` afterwards. */
  private async goneOf(
    tenantId: string,
    there: Set<string>,
    members: readonly string[],
    idOf: (member: string) => string,
  ): Promise<string[]> {
    const ids = [...new Set(members.map(idOf))].filter((id) => !there.has(id));
    if (ids.length === 0) return [];
    const { commands } = this.redis;
    const keys = ids.map((id) => this.keys.run(tenantId, id).run);
    const areAll = (await redisCall(commands.exists(...keys))) === ids.length;
    const exist = areAll ? [] : await redisCall(Promise.all(keys.map((key) => commands.exists(key))));
    for (const [i, id] of ids.entries()) if (areAll || exist[i] === 1) there.add(id);
    return members.filter((member) => !there.has(idOf(member)));
  }
}
