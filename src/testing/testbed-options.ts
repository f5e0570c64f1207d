import type { ModuleMetadata } from '@nestjs/common';
import type { ConsumerOptions } from '../consumer/index.js';
import type { EventStoreOptions } from '../event-store/index.js';

/** What is tested, and on what. All has defaults. */
export interface ConsumerTestbedOptions {
  /** Modules with handlers, and what they need. Runstream's own modules are there already. */
  imports?: ModuleMetadata['imports'];
  /** Handlers, and what they need, where there is no module around them. */
  providers?: ModuleMetadata['providers'];
  /** Default: a private Redis for this testbed (see `startTestRedis`). A shared one is fine: each testbed is a tenant. */
  redisUrl?: string | undefined;
  /** How events are kept. Default: as in the service. */
  events?: Omit<EventStoreOptions, 'multiTenant'>;
  /**
   * Replaces what handlers say about time, so that a test need not wait for it. Default: a lease of 500 ms, and 10 to
   * 50 ms between tries.
   */
  overrides?: NonNullable<ConsumerOptions['overrides']>;
  /** What is logged. Default: warnings and errors. */
  logger?: false | ('log' | 'warn' | 'error' | 'debug' | 'verbose' | 'fatal')[];
}
