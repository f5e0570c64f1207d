import { DiscoveryService } from '@nestjs/core';
import type { HandlerOptions } from './handler-options.js';

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
 * @publicApi
 */
export const EventHandler = DiscoveryService.createDecorator<HandlerOptions>();
