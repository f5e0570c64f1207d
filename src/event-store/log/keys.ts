import { RunNotFoundError } from '../../common/index.js';
import { MOST_PARTITIONS, partitionTag } from '../partitions/partition-tag.js';
import { partitionOfRun } from './runs/run-id.js';

/** The keys of one run. */
export interface RunKeys {
  run: string;
  events: string;
  /** Producers' idempotency keys → event ids. */
  idempotencyKeys: string;
  /** Pub/sub channel. */
  live: string;
  /** How much of a run that a failover took was counted as lost. */
  lost: string;
  /** There for some minutes after it was deleted, so that it is not counted as lost. */
  deleted: string;
}

/** The keys of one partition of one tenant: all in one slot of a Redis Cluster, so that a script may touch them. */
export interface PartitionKeys {
  /** What they all begin with. */
  prefix: string;
  /** All runs. */
  runs: string;
  /** Runs by what they have (run-index.ts). */
  index: string;
  active: string;
  journal: string;
  journalLast: string;
  /** The last id that was trimmed from the journal. */
  journalTrimmed: string;
  /** How many of each hundred ids were deleted from the middle of the journal. */
  journalDeleted: string;
  /** Pub/sub channel. */
  journalLive: string;
  /** Runs that wait for an executor of this name, or are executed by one. */
  dispatch(executor: string): string;
  request(key: string): string;
  /** What a tenant's workers have said they serve, by name. */
  workers(kind: 'executors' | 'groups'): string;
  /** Which workers ask for work under such a name, by when they last did. */
  workersSeen(kind: 'executors' | 'groups', name: string): string;
  /** What a call of a worker was given, for the case that it has to ask again. */
  claim(digest: string): string;
  /** How far the tenant is in its events and bytes per second, while these are limited. */
  meter: string;
}

/** When a group was registered for the first time. */
export function groupRegisteredKey(group: string): string {
  return `runstream:group:${group}:registered`;
}

/** What each process that runs a group says of its handler. In one slot with the counts: one script writes both. */
export function groupMembersKey(group: string): string {
  return `runstream:{group:${group}}:members`;
}

/** What all processes of a group did in the last minutes. */
export function groupCountsKey(group: string): string {
  return `runstream:{group:${group}}:counts`;
}

/** How a group stood in all tenants, once a minute for an hour. */
export function groupSamplesKey(group: string): string {
  return `runstream:{group:${group}}:samples`;
}

/** Which process wrote the last of these samples. */
export function groupSamplerKey(group: string): string {
  return `runstream:{group:${group}}:sampler`;
}

/** How much room a process has for runs of an executor. All of one executor lie in one slot: they are read at once. */
export function executorSlotsKey(executor: string, process: string): string {
  return `runstream:{executor:${executor}}:slots:${process}`;
}

/** Partitions in which a group is paused. */
export function groupPausedKey(group: string): string {
  return `runstream:{group:${group}}:paused`;
}

/** The keys of one consumer group in one partition. */
export interface GroupKeys {
  /** Paused, replay epoch, last token, durable cursor. */
  meta: string;
  /** Who may handle an ordered group. */
  owner: string;
  /** Dead letters. */
  dead: string;
  /** Dead letters that were sent back to this group alone, and what waited for more than an hour and is due. */
  redrive: string;
  /**
   * What the group knows of entries that are pending, when those that wait are due, and, in order, those parked; of a
   * group of workers also when the leases of those that are out end.
   */
  state(source: 'journal' | 'redrive' | 'dispatch'): {
    entries: string;
    delayed: string;
    parked: string;
    leased: string;
  };
  /** What is tried again in more than an hour: when it is due, and what it is. */
  later: { due: string; entries: string };
  /** How it stood, every ten seconds for an hour. */
  samples: string;
  /** Prefix of the markers of what is done, followed by `<epoch>:<run>:<key>`. */
  done: string;
  /** The answer to a batch of outcomes, for the case that it has to be asked for again. */
  answer(batchId: string): string;
}

/** What a group may be called. */
export const GROUP_PATTERN = /^[a-z][a-z0-9_-]{0,62}$/;

/** What a group is called in Redis: one of workers has a mark of its own (ofWorkers()). */
export const STORED_GROUP_PATTERN = /^~?[a-z][a-z0-9_-]{0,62}$/;

/** What may stand between the colons and braces of a key (T55). */
const SAFE_TENANT = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** In which form all of this is stored (store-format.ts). */
export const FORMAT_KEY = 'runstream:format';

/** Tenants that ever had a run. */
export const TENANTS_KEY = 'runstream:tenants';

/** How many partitions there are: for all, by tenant, and the version of it. In one slot with those who know it. */
export const PARTITIONS_KEY = 'runstream:{partitions}';

/** Which version each process knows, by when it last said so. */
export const PARTITION_READERS_KEY = 'runstream:{partitions}:processes';

/** Makes every key of the system; nobody else builds one. */
export class Keyspace {
  /**
   * @param multiTenant whether keys carry the tenant; with tenancy off all is one tenant's
   * @param channel the name under which a channel is known on the server (RedisConnections.channel)
   */
  constructor(
    private readonly multiTenant: boolean,
    private readonly channel: (name: string) => string = (name) => name,
  ) {}

  run(tenantId: string, runId: string): RunKeys {
    const run = `${this.prefix(tenantId, partitionOfRun(runId))}run:${runId}`;
    return {
      run,
      events: `${run}:events`,
      idempotencyKeys: `${run}:keys`,
      live: this.channel(`${run}:live`),
      lost: `${run}:lost`,
      deleted: `${run}:deleted`,
    };
  }

  /** The partition of one of the tenant's runs. */
  partitionOf(tenantId: string, runId: string): PartitionKeys {
    return this.partition(tenantId, partitionOfRun(runId));
  }

  partition(tenantId: string, partition: number): PartitionKeys {
    const prefix = this.prefix(tenantId, partition);
    return {
      prefix,
      runs: `${prefix}runs`,
      index: `${prefix}runs:index`,
      active: `${prefix}runs:active`,
      journal: `${prefix}journal`,
      journalLast: `${prefix}journal:last`,
      journalTrimmed: `${prefix}journal:trimmed`,
      journalDeleted: `${prefix}journal:deleted`,
      journalLive: this.channel(`${prefix}journal:live`),
      dispatch: (executor) => `${prefix}dispatch:${executor}`,
      request: (key) => `${prefix}request:${key}`,
      workers: (kind) => `${prefix}workers:${kind}`,
      workersSeen: (kind, name) => `${prefix}workers:${kind}:${name}`,
      claim: (digest) => `${prefix}claim:${digest}`,
      meter: `${prefix}meter`,
    };
  }

  group(tenantId: string, partition: number, group: string): GroupKeys {
    if (!STORED_GROUP_PATTERN.test(group)) throw new TypeError(`"${group}" is not a name for a group.`);
    const prefix = `${this.prefix(tenantId, partition)}group:${group}:`;
    return {
      meta: `${prefix}meta`,
      owner: `${prefix}owner`,
      dead: `${prefix}dead`,
      redrive: `${prefix}redrive`,
      state: (source) => ({
        entries: `${prefix}${source}:entries`,
        delayed: `${prefix}${source}:delayed`,
        parked: `${prefix}${source}:parked`,
        leased: `${prefix}${source}:leased`,
      }),
      later: { due: `${prefix}later`, entries: `${prefix}later:entries` },
      samples: `${prefix}samples`,
      done: `${prefix}done:`,
      answer: (batchId) => `${prefix}answer:${batchId}`,
    };
  }

  /**
   * What tells whether a piece of work is done. JSON keeps every part in its place, so that two different keys never
   * look the same (T33).
   */
  idempotencyMarker(
    tenantId: string,
    scope: string,
    key: readonly (string | number | null | undefined)[],
  ): string {
    return `${this.prefix(tenantId, 0)}idempotency:${JSON.stringify([scope, key])}`;
  }

  private prefix(tenantId: string, partition: number): string {
    // A `$` in JavaScript matches only the very end, so a trailing newline does not slip through.
    if (!SAFE_TENANT.test(tenantId)) throw new TypeError(`"${tenantId}" is not a tenant id.`);
    // An id that names such a partition is no run's.
    if (partition >= MOST_PARTITIONS) throw new RunNotFoundError();
    return this.multiTenant
      ? `tenant:${tenantId}:runstream:{${partitionTag(`${tenantId}.`, partition)}}:`
      : `runstream:{${partitionTag('', partition)}}:`;
  }
}
