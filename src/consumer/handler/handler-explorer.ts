import { Inject, Injectable } from '@nestjs/common';
import { DiscoveryService, ExternalContextCreator } from '@nestjs/core';
import { errorText } from '../../common/index.js';
import { EventStore } from '../../event-store/index.js';
import type { EventTypeFilter, RecordedEvent } from '../../events/index.js';
import { TenantContext } from '../../tenancy/index.js';
import { CONSUMER_OPTIONS, type ConsumerOptions } from '../consumer-options.js';
import { HANDLER_OPTIONS } from './event-handler.decorator.js';
import type { Handler, HandlerContext } from './handler.js';
import {
  type HandlerOptions,
  type ResolvedHandlerOptions,
  resolveHandlerOptions,
} from './handler-options.js';
import type { RegisteredHandler } from './registered-handler.js';

/** What guards and interceptors are told they stand in front of (`context.getType()`). */
const HANDLER_CONTEXT = 'runstream:event';

type Invoke = (event: RecordedEvent, context: HandlerContext) => Promise<unknown>;

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
    const seen = new Set<unknown>();
    for (const wrapper of this.discovery.getProviders()) if (isMadeLater(wrapper)) throw scopeError(wrapper);
    for (const wrapper of this.discovery.getProviders({ metadataKey: HANDLER_OPTIONS.KEY })) {
      if (wrapper.isTransient || !wrapper.isDependencyTreeStatic()) throw scopeError(wrapper);
      const options = this.discovery.getMetadataByDecorator(HANDLER_OPTIONS, wrapper);
      const instance: unknown = wrapper.instance;
      // useExisting shows one instance under two tokens.
      if (!options || typeof instance !== 'object' || instance === null || seen.has(instance)) continue;
      seen.add(instance);
      const handler = this.register(instance, options);
      const { group } = handler.options;
      const other = handlers.get(group);
      if (other) {
        throw new Error(
          `${handler.name} and ${other.name} both handle the group "${group}". A group has one handler, ` +
            'since each of its events is handled once: give one of them another group, or provide it in one module only.',
        );
      }
      handlers.set(group, handler);
    }
    return [...handlers.values()];
  }

  private register(instance: Partial<Handler>, given: HandlerOptions): RegisteredHandler {
    const { name } = instance.constructor;
    assertMethods(name, instance);
    const options = resolveHandlerOptions(name, given, this.consumerOptions.overrides);
    // Nest's own way of calling a method of a provider: with the guards and interceptors it is decorated with. Pipes
    // belong to parameters with decorators, of which a handler has none.
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
    const canHandle = instance.canHandle?.bind(instance);
    return {
      name,
      options,
      wants: this.filterOf(name, options),
      canHandle: canHandle && ((event) => this.tenants.run(event.tenant_id, () => canHandle(event))),
      invoke: (event, context) => this.tenants.run(event.tenant_id, () => invoke(event, context)),
    };
  }

  private filterOf(name: string, { types }: ResolvedHandlerOptions): EventTypeFilter {
    if (types === undefined) return () => true;
    try {
      return this.store.types.parseFilter(types.join(',')) ?? (() => true);
    } catch (error) {
      throw new Error(`${name}: ${errorText(error)}`, { cause: error });
    }
  }
}

type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** A scoped factory has neither a class nor an instance that would tell: only its token may be the class. */
function isMadeLater(wrapper: Wrapper): boolean {
  const { token } = wrapper;
  const isHandler = typeof token === 'function' && Reflect.hasOwnMetadata(HANDLER_OPTIONS.KEY, token);
  return isHandler && (wrapper.isTransient || !wrapper.isDependencyTreeStatic());
}

function scopeError({ name }: Wrapper): Error {
  return new Error(
    `${String(name)}: @EventHandler can't be request-scoped or transient, nor inject what is, since its ` +
      'events belong to no request. Make it, what it injects, and its guards and interceptors singletons; the ' +
      'event and its context have what belongs to the event.',
  );
}

/** @throws Error that says what to change */
function assertMethods(name: string, { handle, canHandle }: { handle?: unknown; canHandle?: unknown }): void {
  if (typeof handle !== 'function') {
    throw new Error(
      `${name} has @EventHandler but no handle() method. Add one: async handle(event, context) { … }.`,
    );
  }
  if (kindOf(handle).includes('Generator')) {
    throw new Error(
      `${name}: handle() is a generator, which nobody would run. Write async handle(…) without "*".`,
    );
  }
  if (canHandle === undefined) return;
  if (typeof canHandle !== 'function') throw new Error(`${name}: canHandle must be a method.`);
  if (kindOf(canHandle) !== 'Function') {
    throw new Error(
      `${name}: canHandle() must answer with true or false at once: it can't be async, since a Promise is no answer, nor a generator. ` +
        'Do in handle() what takes time, and return there.',
    );
  }
}

/** `AsyncFunction`, `GeneratorFunction`, … */
function kindOf(method: unknown): string {
  return Object.prototype.toString.call(method).slice('[object '.length, -1);
}
