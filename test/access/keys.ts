import { type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ApiKeys, type Scope, SCOPES } from '../../src/auth/index.js';
import { RedisModule } from '../../src/redis/index.js';
import { PATIENCE_MS, testRedisUrl } from '../support/redis.js';

@Module({ providers: [ApiKeys] })
class KeysModule {}

export interface TestKey {
  readonly id: string;
  readonly secret: string;
  /** The header that carries it. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Makes API keys straight in Redis, as `npm run keys` does; also such as nobody could make, like one that has expired. */
export class TestKeys {
  private constructor(private readonly context: INestApplicationContext) {}

  static async open(redisUrl = testRedisUrl()): Promise<TestKeys> {
    const module = {
      module: KeysModule,
      imports: [RedisModule.forRoot({ url: redisUrl, commandTimeoutMs: PATIENCE_MS })],
    };
    return new TestKeys(await NestFactory.createApplicationContext(module, { logger: false }));
  }

  async create(
    tenantId: string,
    scopes: readonly Scope[] = SCOPES,
    more: { expiresAt?: number } = {},
  ): Promise<TestKey> {
    const { secret, key } = await this.keys.create({ name: 'test', tenantId, scopes, ...more });
    return { id: key.id, secret, headers: bearer(secret) };
  }

  async revoke(tenantId: string, id: string): Promise<void> {
    if (!(await this.keys.revoke(tenantId, id))) throw new Error(`There is no key ${id} of ${tenantId}.`);
  }

  close(): Promise<void> {
    return this.context.close();
  }

  private get keys(): ApiKeys {
    return this.context.get(ApiKeys);
  }
}

export function bearer(secret: string): Record<string, string> {
  return { authorization: `Bearer ${secret}` };
}
