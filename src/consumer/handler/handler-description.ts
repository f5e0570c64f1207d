import type { RegisteredHandler } from './registered-handler.js';

/** What handles a group, as an operator sees it, also from a process that does not have the handler. */
export interface HandlerDescription {
  /** Class name. */
  name: string;
  /** Undefined: all that are in the journal. */
  types: readonly string[] | undefined;
}

export function describeHandler(handler: RegisteredHandler): string {
  const { name, options } = handler;
  return JSON.stringify({ name, types: options.types } satisfies HandlerDescription);
}

/** Undefined for what describeHandler() never wrote. */
export function readHandlerDescription(text: string): HandlerDescription | undefined {
  try {
    const value = JSON.parse(text) as Partial<HandlerDescription>;
    return typeof value.name === 'string' ? { name: value.name, types: value.types } : undefined;
  } catch {
    return undefined;
  }
}
