import { Inject, Injectable } from '@nestjs/common';
import { DiscoveryService, ExternalContextCreator } from '@nestjs/core';
import { EventStore, GROUP_PATTERN } from '../event-store/index.js';
import type { EventTypeFilter, RecordedEvent } from '../events/index.js';
import { TenantContext } from '../tenancy/index.js';
import { CONSUMER_OPTIONS, type ConsumerOptions } from './consumer-options.js';
import { EventHandler } from './event-handler.decorator.js';
import type { Handler, HandlerContext } from './handler.js';
import { type HandlerOptions, resolveHandlerOptions } from './handler-options.js';
import type { HandlerResult } from './handler-result.js';
import type { RegisteredHandler } from './registered-handler.js';

/** What guards and interceptors are told they stand in front of (`context.getType()`). */
const HANDLER_CONTEXT = 'runstream:event';

type Invoke = (event: RecordedEvent, context: HandlerContext) => Promise<HandlerResult | void>;

/** Finds the providers with `@EventHandler` in all modules, and refuses those that could not work. */
@Injectable()
export class HandlerExplorer {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly contexts: ExternalContextCreator,
    private readonly store: EventStore,
    private readonly tenants: TenantContext,
    @Inject(CONSUMER_OPTIONS) private readonly consumerOptions: ConsumerOptions,
  ) {}

  /** @throws Error that says what to change */
  explore(): RegisteredHandler[] {
    const handlers = new Map<string, RegisteredHandler>();
    for (const wrapper of this.discovery.getProviders({ metadataKey: EventHandler.KEY })) {
      const options = this.discovery.getMetadataByDecorator(EventHandler, wrapper);
      const instance: unknown = wrapper.instance;
      if (!options || typeof instance !== 'object' || instance === null) continue;
      const handler = this.register(instance, options);
      const other = handlers.get(options.group);
      if (other) {
        throw new Error(
          `${handler.name} and ${other.name} both handle the group "${options.group}". A group has one handler, ` +
            'since each of its events is handled once: give one of them another group.',
        );
      }
      handlers.set(options.group, handler);
    }
    return [...handlers.values()];
  }

  private register(instance: Partial<Handler>, options: HandlerOptions): RegisteredHandler {
    const { name } = instance.constructor;
    const handle = instance.handle?.bind(instance);
    if (!handle) {
      throw new Error(
        `${name} has @EventHandler but no handle() method. Add one: async handle(event, context) { … }.`,
      );
    }
    assertOptions(name, options);
    // Nest's own way of calling a method of a provider: with the guards, pipes and interceptors it is decorated with.
    const invoke = this.contexts.create(
      instance,
      instance.handle as never,
      'handle',
      undefined,
      undefined,
      undefined,
      undefined,
      {
        guards: true,
        interceptors: true,
        filters: false,
      },
      HANDLER_CONTEXT,
    ) as Invoke;
    return {
      name,
      options: resolveHandlerOptions({ ...options, ...this.consumerOptions.overrides }),
      wants: this.filterOf(name, options),
      canHandle: instance.canHandle?.bind(instance),
      invoke: (event, context) => this.tenants.run(event.tenant_id, () => invoke(event, context)),
    };
  }

  private filterOf(name: string, { types }: HandlerOptions): EventTypeFilter {
    if (types === undefined) return () => true;
    try {
      return this.store.types.parseFilter(types.join(',')) ?? (() => true);
    } catch (error) {
      throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
}

function assertOptions(name: string, options: HandlerOptions): void {
  if (!GROUP_PATTERN.test(options.group)) {
    throw new Error(
      `${name}: "${options.group}" is no name for a group. Begin with a lower-case letter and go on with at most 62 lower-case letters, digits, "_" or "-".`,
    );
  }
  if (options.types?.length === 0) {
    throw new Error(
      `${name}: "types" is empty, so no event would ever come. Name some, or leave it out for all.`,
    );
  }
  const numbers: Partial<Record<keyof HandlerOptions, number>> = {
    concurrency: 1,
    batchSize: 1,
    blockMs: 1,
    leaseMs: 100,
    maxAttempts: 1,
    timeoutMs: 1,
  };
  for (const [option, least] of Object.entries(numbers)) {
    const value = options[option as keyof HandlerOptions];
    if (value !== undefined && (!Number.isInteger(value) || Number(value) < least)) {
      throw new Error(`${name}: ${option} must be a whole number of at least ${least}.`);
    }
  }
}
