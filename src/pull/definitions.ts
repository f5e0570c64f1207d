import { Injectable } from '@nestjs/common';
import { RunstreamError, ValidationFailedError } from '../common/index.js';
import { EventStore } from '../event-store/index.js';
import { redisCall, RedisConnections } from '../redis/index.js';
import { SCRIPTS } from './scripts.js';

/** Names of one kind that a tenant's workers may serve. */
export const MOST_NAMES = 100;

/** What workers of a tenant may serve. */
export type ServedKind = 'executors' | 'groups';

/** What a tenant's workers have said they serve. Every method throws RedisUnavailableError. */
@Injectable()
export class Definitions {
  constructor(
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
  ) {}

  /** @throws RunstreamError VERSION_OUTDATED; ValidationFailedError when the tenant has too many names */
  async put(
    tenantId: string,
    kind: ServedKind,
    name: string,
    definition: { readonly version: number },
  ): Promise<void> {
    const reply = String(
      await SCRIPTS.putDefinition.run(
        this.redis.commands,
        [this.keyOf(tenantId, kind)],
        [name, definition.version, JSON.stringify(definition), MOST_NAMES],
      ),
    );
    if (reply === 'FULL') {
      const message = `is one too many: a tenant's workers may have ${MOST_NAMES}. Delete one that is not used any more`;
      throw new ValidationFailedError([{ path: 'name', message }]);
    }
    if (reply === 'OK') return;
    const version = Number(reply.split(' ')[1]);
    throw new RunstreamError(
      'VERSION_OUTDATED',
      `Version ${version} of it is in force, which is newer. Deploy the newer worker, or raise the version.`,
      { details: { version } },
    );
  }

  async get<T>(tenantId: string, kind: ServedKind, name: string): Promise<T | undefined> {
    const text = await redisCall(this.redis.commands.hget(this.keyOf(tenantId, kind), name));
    return text === null ? undefined : (read(text) as T | undefined);
  }

  /** By name. */
  async list<T>(tenantId: string, kind: ServedKind): Promise<Map<string, T>> {
    const all = await redisCall(this.redis.commands.hgetall(this.keyOf(tenantId, kind)));
    const names = Object.keys(all).sort();
    return new Map(
      names.flatMap((name): [string, T][] => {
        const definition = read(all[name] ?? '');
        return definition === undefined ? [] : [[name, definition as T]];
      }),
    );
  }

  /** @returns false when there was none */
  async delete(tenantId: string, kind: ServedKind, name: string): Promise<boolean> {
    return (await redisCall(this.redis.commands.hdel(this.keyOf(tenantId, kind), name))) > 0;
  }

  private keyOf(tenantId: string, kind: ServedKind): string {
    return this.store.keys.partition(tenantId, 0).workers(kind);
  }
}

/** Undefined for what no version of this wrote. */
function read(text: string): unknown {
  try {
    return JSON.parse(text.slice(text.indexOf(' ') + 1)) as unknown;
  } catch {
    return undefined;
  }
}
