import { IdempotencyConflictError } from '../../../common/index.js';
import { redisCall, type RedisConnections } from '../../../redis/index.js';
import { spread } from '../../partitions/spread.js';
import { SCRIPTS } from '../../scripts.js';
import { type EventStore, type IdempotentRequest, REQUEST_TTL_SECONDS } from '../event-store.js';
import { newRunId, partitionOfRun } from './run-id.js';

/** For how long before now it is asked how many partitions there were: longer than any answer is remembered. */
const WITHIN_MS = (REQUEST_TTL_SECONDS + 3600) * 1000;

/** What create.lua answers; the record of a run that it has made. */
export type CreateReply = [state: 'OK' | 'REPLAYED' | 'CONFLICT', runId: string, record?: string[]];

/**
 * Where new runs are made, and where the answers to requests are that may be sent again: in the partition of their key.
 * In the day after a raise that may be another one than before. Then the partition of before is asked first, and told
 * which run the request will have; only then is that made, in the partition of now. Whoever comes in between makes it
 * under the same id, so there is one run, whatever each process knows of the raise.
 */
export class RunRequests {
  constructor(
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
  ) {}

  /**
   * @param make makes a run with this id
   * @returns what was answered, and in which partition the answer is looked for
   * @throws IdempotencyConflictError
   */
  async make(
    tenantId: string,
    runKey: string | undefined,
    request: IdempotentRequest | undefined,
    make: (id: string) => Promise<CreateReply>,
  ): Promise<{ reply: CreateReply; home: number }> {
    const { partitions } = this.store;
    const target = spread(partitions.writtenOf(tenantId), request?.key, runKey);
    if (!request) return { reply: await make(newRunId(target)), home: target };
    const [oldest = 1] = partitions.writtenWithin(tenantId, WITHIN_MS);
    const home = spread(oldest, request.key, runKey);
    const id = newRunId(target);
    const reply = home === target ? await make(id) : await this.claim(tenantId, home, id, request);
    const [state, promised] = reply;
    if (partitionOfRun(promised) === home) return { reply, home };
    // It was promised that run, which may be there, or be gone, or not be there yet.
    if (state !== 'CONFLICT') return { reply: await make(promised), home };
    if (await this.isMade(tenantId, promised, request.key)) return { reply, home };
    throw new IdempotencyConflictError();
  }

  /** Of a run that is gone. */
  async forget(tenantId: string, runId: string, key: string, home: number): Promise<void> {
    await this.store.forgetRequest(tenantId, runId, key, home);
    if (partitionOfRun(runId) !== home) await this.store.forgetRequest(tenantId, runId, key);
  }

  private async claim(
    tenantId: string,
    home: number,
    id: string,
    { key, fingerprint }: IdempotentRequest,
  ): Promise<CreateReply> {
    const asked = this.store.keys.partition(tenantId, home).request(key);
    const args = [id, fingerprint, REQUEST_TTL_SECONDS];
    return (await SCRIPTS.claimRequest.run(this.redis.commands, [asked], args)) as CreateReply;
  }

  /** Whether a run was made for the request that has the key, be it gone by now. */
  private async isMade(tenantId: string, runId: string, key: string): Promise<boolean> {
    const made = this.store.keys.partitionOf(tenantId, runId).request(key);
    return (await redisCall(this.redis.commands.exists(made))) === 1;
  }
}
