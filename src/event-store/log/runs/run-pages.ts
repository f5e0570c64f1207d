import {
  type BulkReads,
  LIVE,
  type ReadFor,
  redisCall,
  type RedisConnections,
} from '../../../redis/index.js';
import type { Keyspace, PartitionKeys } from '../keys.js';
import { READ_BYTES, readRecords, readRuns, type RunsReply } from './read-runs.js';
import { conditionsOf, passesFilter, type RunFilter } from './run-filter.js';
import { type Conditions, findRuns, type FoundRuns, indexMember, type RunSearch } from './run-index.js';
import type { RunRecord } from './run-record.js';

/** Most records that one page reads, however few of them pass: a search by task looks at each run. */
const MAX_READ = 2000;
/** Most runs that are read at once. */
const READ_PAGE = 200;
/** Most looks into the index that bring too little: each compares a thousand runs with the other conditions. */
const MAX_LOOKS = 10;
/** Lists leave out values that are larger. */
const LIST_VALUE_BYTES = 1024;
/** A page of a list ends when its runs reach this, or when this was looked at for runs that pass. */
export const MAX_LIST_BYTES = 1024 * 1024;
const MAX_LOOKED_AT_BYTES = 16 * 1024 * 1024;
/** What an id takes in a reply, more or less. */
const ID_BYTES = 32;

/** One page of runs, newest first. @publicApi */
export interface RunListPage {
  runs: RunRecord[];
  /** The id to go on below; undefined on the last page. */
  next: string | undefined;
}

/** Which page is asked for. */
export interface RunPageRequest {
  filter: RunFilter;
  /** Most runs. */
  limit: number;
  /** Only runs that are older than this one, of whatever partition. Default: from the newest on. */
  before?: string | undefined;
  /** For whom. Default: for all who watch. */
  reader?: ReadFor;
}

/** Reads lists of runs, page by page and each of one partition. */
export class RunPages {
  constructor(
    private readonly redis: RedisConnections,
    private readonly keys: Keyspace,
    private readonly bulk: BulkReads,
  ) {}

  /**
   * Runs, newest first, that pass the filter, without what is large of them. It looks at a bounded number of them, and
   * gives a bounded number of bytes: a page may hold fewer than `limit`, or none, and still have a next one. All runs of
   * the partition that pass and are newer than `next` have been given by then.
   */
  async page(tenantId: string, partition: number, request: RunPageRequest): Promise<RunListPage> {
    const { filter, limit, reader = LIVE } = request;
    const keys = this.keys.partition(tenantId, partition);
    const conditions = conditionsOf(filter);
    const runs: RunRecord[] = [];
    let before = request.before;
    let [looks, count, looked, bytes] = [0, 0, 0, 0];
    while (looks < MAX_LOOKS && count < MAX_READ && looked < MAX_LOOKED_AT_BYTES) {
      // One more than are given tells whether there is a next page.
      const most = filter.task === undefined ? Math.min(READ_PAGE, limit + 1 - runs.length) : READ_PAGE;
      const search = { keys, partition, conditions, before, sinceMs: filter.sinceMs };
      const [next, ...ids] = await this.find(tenantId, reader, search, most);
      if (ids.length < most) looks++;
      const read = readRecords(tenantId, await this.read(tenantId, reader, ids));
      const given = read.records.length;
      for (const [i, record] of read.records.entries()) {
        if (record && passesFilter(record, filter)) {
          const isFull = runs.length === limit || (runs.length > 0 && bytes >= MAX_LIST_BYTES);
          if (isFull) return { runs, next: before };
          bytes += read.bytes / given;
          runs.push(record);
        }
        before = ids[i];
      }
      await this.forget(
        keys,
        conditions,
        ids.filter((_, i) => i < given && !read.records[i]),
      );
      looked += read.bytes;
      count += given;
      // What did not fit into the reply is looked for again.
      if (given < ids.length) continue;
      if (next === '') return { runs, next: undefined };
      before = next;
    }
    return { runs, next: before };
  }

  private find(tenantId: string, reader: ReadFor, search: RunSearch, most: number): Promise<FoundRuns> {
    return this.bulk.run({ ...reader, tenantId }, most * ID_BYTES, (connection) =>
      findRuns(connection, search, most),
    );
  }

  private async read(tenantId: string, reader: ReadFor, ids: readonly string[]): Promise<RunsReply> {
    if (ids.length === 0) return [0];
    const keys = ids.map((id) => this.keys.run(tenantId, id).run);
    return this.bulk.run({ ...reader, tenantId }, READ_BYTES, (connection) =>
      readRuns(connection, keys, LIST_VALUE_BYTES),
    );
  }

  /** Takes runs that have expired out of what they were found by; the sweep does the rest (ExpiredRuns). */
  private async forget(keys: PartitionKeys, conditions: Conditions, gone: readonly string[]): Promise<void> {
    if (gone.length === 0) return;
    const members = conditions.flat().flatMap((term) => gone.map((id) => indexMember(term, id)));
    const { commands } = this.redis;
    await redisCall(
      members.length > 0 ? commands.zrem(keys.index, ...members) : commands.zrem(keys.runs, ...gone),
    );
  }
}
