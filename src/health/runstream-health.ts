import { Injectable } from '@nestjs/common';
import { HealthRegistry } from './health-registry.js';

/**
 * Runstream's health as an indicator of @nestjs/terminus:
 *
 * ```ts
 * check() {
 *   return this.health.check([() => this.runstream.isHealthy()]);
 * }
 * ```
 *
 * @publicApi
 */
@Injectable()
export class RunstreamHealth {
  constructor(private readonly registry: HealthRegistry) {}

  /** @param key under which the result stands. Default `runstream` */
  async isHealthy<Key extends string = 'runstream'>(
    key: Key = 'runstream' as Key,
  ): Promise<Record<Key, { status: 'up' | 'down' } & Record<string, string>>> {
    const { ready, checks } = await this.registry.report();
    const result = { ...checks, status: ready ? 'up' : 'down' } as const;
    return { [key]: result } as Record<Key, typeof result>;
  }
}
