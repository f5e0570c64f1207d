import { DiscoveryService } from '@nestjs/core';
import type { RecordedEvent, TypesOf } from '../../events/index.js';
import type { HandlerContext } from './handler.js';
import type { HandlerOptions } from './handler-options.js';

/** As Nest's discovery knows it. */
export const HANDLER_OPTIONS = DiscoveryService.createDecorator<HandlerOptions>();

/**
 * Makes a provider handle events in a consumer group. Provide it in any module.
 *
 * ```ts
 * @EventHandler({ group: 'billing', types: ['lifecycle.completed'] })
 * export class BillRun implements Handler {
 *   async handle(event: RecordedEvent, context: HandlerContext) { … }
 * }
 * ```
 *
 * Every event is tried until it is done or dead-lettered. Effects made through the context happen exactly once;
 * effects outside Redis happen at least once, with one live lease at a time and a fencing token to reject a late one.
 *
 * The compiler checks that `handle()` takes the events that `types` lets pass, as far as it knows these: a handler of
 * `RecordedEvent<'build.started'>` names `build.started` here, and nothing else.
 *
 * @publicApi
 */
export const EventHandler = HANDLER_OPTIONS as unknown as EventHandlerDecorator;

interface EventHandlerDecorator {
  <const Types extends string = string>(
    options: HandlerOptions & { readonly types?: readonly Types[] },
  ): (target: HandlerClass<Types>) => void;
}

/** A property and not a method, so that its parameter is checked strictly. */
type HandlerClass<Types extends string> = abstract new (...args: never[]) => {
  handle: (event: RecordedEvent<TypesOf<Types>>, context: HandlerContext) => unknown;
};
