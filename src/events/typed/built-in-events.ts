import type { JsonObject } from '../checks/json-object.js';
import { defineEvents, event, type EventsOf } from './define-events.js';

/** Data that may hold more than what is named. */
type Open<Data> = Data & JsonObject;

/** What every deployment knows (docs/protocol.md, section 2). Where no data is said it is the producer's own matter. */
export const BUILT_IN = defineEvents({
  'lifecycle.started': event<Open<{ task?: string }>>(),
  'lifecycle.completed': event<Open<{ result?: unknown; statistics?: JsonObject }>>(),
  'lifecycle.failed': event<Open<{ error?: unknown; details?: unknown; statistics?: JsonObject }>>(),
  'lifecycle.cancelled': event<Open<{ reason?: string }>>(),
  'llm.stream': event<Open<{ content: string }>>(),
  'llm.reasoning': event<Open<{ content: string }>>(),
  'llm.tool_call': event<Open<{ tool_name: string; arguments?: unknown; tool_call_id?: string }>>(),
  'llm.tool_result': event<Open<{ tool_name: string; result?: unknown; tool_call_id?: string }>>(),
  'llm.completed': event<Open<{ message?: unknown }>>(),
  'dispatch.team': event<Open<{ name: string; task?: unknown }>>(),
  'dispatch.worker': event<Open<{ name: string; task?: unknown }>>(),
  'agent.started': event<Open<{ message?: string }>>(),
  'agent.completed': event<Open<{ message?: string }>>(),
  'agent.error': event<Open<{ error: unknown }>>(),
  'system.topology': event<Open<{ topology: unknown }>>(),
  'system.warning': event<Open<{ message: string }>>(),
  'system.error': event<Open<{ error: unknown; details?: unknown }>>(),
  'session.started': event(),
  'session.completed': event(),
  'task.created': event(),
  'task.dispatched': event(),
  'task.completed': event(),
  'task.failed': event(),
  'gate.requested': event(),
  'gate.approved': event(),
  'gate.rejected': event(),
  'gate.expired': event(),
  'patch.created': event(),
  'patch.applied': event(),
  'patch.rejected': event(),
  'log.stdout': event<Open<{ line: string }>>(),
  'log.stderr': event<Open<{ line: string }>>(),
});

/**
 * What the data of the built-in types holds, beside anything else. It is for code and its compiler: what producers
 * outside append is not checked against it.
 *
 * @publicApi
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- the name that messages of the compiler show
export interface BuiltInEvents extends EventsOf<typeof BUILT_IN> {}
