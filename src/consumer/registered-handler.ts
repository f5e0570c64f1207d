import type { EventTypeFilter, RecordedEvent } from '../events/index.js';
import type { HandlerContext } from './handler.js';
import type { ResolvedHandlerOptions } from './handler-options.js';
import type { HandlerResult } from './handler-result.js';

/** A handler as it was found: its options, and how it is called. */
export interface RegisteredHandler {
  /** Class name, for people. */
  name: string;
  options: ResolvedHandlerOptions;
  /** Whether it wants events of a type, as far as its options say. */
  wants: EventTypeFilter;
  canHandle: ((event: RecordedEvent) => boolean) | undefined;
  /** With the guards, pipes and interceptors of Nest around it. */
  invoke(event: RecordedEvent, context: HandlerContext): Promise<HandlerResult | void>;
}
