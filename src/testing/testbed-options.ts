import type { ModuleMetadata } from '@nestjs/common';
import type { ConsumerOptions } from '../consumer/index.js';
import type { EventStoreOptions } from '../event-store/index.js';
import type { ExecutorsOptions } from '../executors/index.js';

/** What is tested, and on what. All has defaults. @publicApi */
export interface TestbedOptions {
  /** Modules with what is tested, and what it needs. Runstream's own modules are there already. */
  imports?: ModuleMetadata['imports'];
  /** Classes that are tested, and what they need, where there is no module around them. */
  providers?: ModuleMetadata['providers'];
  /** Default: a private Redis for this testbed (see `startTestRedis`). A shared one is fine: each testbed is a tenant. */
  redisUrl?: string | undefined;
  /** How events are kept. Default: as in the service. */
  events?: Omit<EventStoreOptions, 'multiTenant'>;
  /** What is logged. Default: warnings and errors. */
  logger?: false | ('log' | 'warn' | 'error' | 'debug' | 'verbose' | 'fatal')[];
}

/** How a testbed for handlers is made. @publicApi */
export interface ConsumerTestbedOptions extends TestbedOptions {
  /**
   * Replaces what handlers say about time, so that a test need not wait for it. Default: a lease of 500 ms, and 10 to
   * 50 ms between tries.
   */
  overrides?: NonNullable<ConsumerOptions['overrides']>;
}

/** How a testbed for executors is made. @publicApi */
export interface ExecutorTestbedOptions extends TestbedOptions {
  /**
   * Replaces what executors say about time, so that a test need not wait for it. Default: a lease of 2000 ms, after
   * which a run that `restart()` interrupted is found.
   */
  overrides?: NonNullable<ExecutorsOptions['overrides']>;
  /**
   * Whether the event handlers of these modules run too, with a lease of 500 ms and 10 to 50 ms between tries. Default
   * false: what they would publish is published by the test.
   */
  handlers?: boolean;
}

/** A test that waits for these waits for less than a second. */
export const HANDLER_OVERRIDES: NonNullable<ConsumerOptions['overrides']> = {
  leaseMs: 500,
  backoff: { initialMs: 10, maxMs: 50 },
};

/** Executors may keep the event loop busy for longer than handlers do, and lose their run then. */
export const EXECUTOR_OVERRIDES: NonNullable<ExecutorsOptions['overrides']> = { leaseMs: 2000 };
