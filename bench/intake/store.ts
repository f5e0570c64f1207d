/** What the comparisons that store an event do with it: one XADD, as one writes it by hand. */
import { Redis } from 'ioredis';

/** The stream that they write to; the bench empties it after each measurement. */
export const BARE_KEY = 'bench:posts';

/** An answer of the same shape as Runstream's. */
export interface Stored {
  run_id: string;
  count: number;
  duplicates: number;
  first_id: string;
  last_id: string;
  ids: string[];
}

export class BareStore {
  private readonly redis: Redis;

  constructor(url: string) {
    this.redis = new Redis(url);
  }

  async append(runId: string, event: object): Promise<Stored> {
    const id = (await this.redis.xadd(BARE_KEY, '*', 'e', JSON.stringify(event))) ?? '';
    return { run_id: runId, count: 1, duplicates: 0, first_id: id, last_id: id, ids: [id] };
  }
}
