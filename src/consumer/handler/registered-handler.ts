import type { EventTypeFilter, RecordedEvent } from '../../events/index.js';
import type { HandlerContext } from './handler.js';
import type { ResolvedHandlerOptions } from './handler-options.js';

/** A handler as it was found: its options, and how it is called. */
export interface RegisteredHandler {
  /** Class name, for people. */
  name: string;
  options: ResolvedHandlerOptions;
  /** Whether it wants events of a type, as far as its options say. */
  wants: EventTypeFilter;
  /** As the class has it: it may throw, or answer with anything. */
  canHandle: ((event: RecordedEvent) => unknown) | undefined;
  /** With the guards and interceptors of Nest around it, which may change what it gives back into anything. */
  invoke(event: RecordedEvent, context: HandlerContext): Promise<unknown>;
}
