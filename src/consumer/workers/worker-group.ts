import { createHash } from 'node:crypto';
import type { HandlerDescription } from '../handler/handler-description.js';

/** A group of a tenant whose events are handled by workers outside of the service. */
export interface WorkerGroup {
  /** One that is lower than that in force is refused. */
  version: number;
  /** As of a handler. Undefined: all that are in the journal. */
  types: readonly string[] | undefined;
  /** Where it begins where it is new. */
  from: 'start' | 'now';
  /** When it was made, in ms of Redis's clock: what `now` means. */
  since: number;
  ordering: 'none' | 'run';
  maxAttempts: number;
  backoff: { initialMs: number; maxMs: number };
  leaseMs: number;
}

/**
 * What must be known of a group before something is taken for it: a process that knows the terms of yesterday would
 * leave out what is wanted today.
 */
export function termsOf({ version, types, ordering }: WorkerGroup): string {
  const digest = createHash('sha256')
    .update(JSON.stringify(types ?? null))
    .digest('base64url');
  return `${version} ${ordering} ${digest.slice(0, 16)}`;
}

/** As describeHandler() has it of a handler. */
export function describeWorkers(name: string, { types }: WorkerGroup): string {
  return JSON.stringify({ name, types } satisfies HandlerDescription);
}
