import type { EventSource, JsonObject } from '../envelope.js';

/** All that a run can be. */
export const RUN_STATUSES = ['pending', 'running', 'completed', 'failed', 'cancelled'] as const;
/** How far a run has come. @publicApi */
export type RunStatus = (typeof RUN_STATUSES)[number];

/** What a run that has ended can be. */
export const TERMINAL_STATUSES = ['completed', 'failed', 'cancelled'] as const;
/** How a run has ended. @publicApi */
export type TerminalStatus = (typeof TERMINAL_STATUSES)[number];

/** Whether a run with this status has ended. */
export function isTerminal(status: string): status is TerminalStatus {
  return (TERMINAL_STATUSES as readonly string[]).includes(status);
}

/** How an event changes its run. */
export interface RunPatch {
  status: Exclude<RunStatus, 'pending'>;
  result?: unknown;
  error?: unknown;
}

/**
 * Which event changes a run, and how. Only a lifecycle event without a source speaks for the run; the same one
 * with a source is an agent's own and changes nothing.
 */
export function runPatch(event: {
  type: string;
  source?: EventSource | undefined;
  data: JsonObject;
}): RunPatch | undefined {
  if (event.source != null) return undefined;
  switch (event.type) {
    case 'lifecycle.started':
      return { status: 'running' };
    case 'lifecycle.completed':
      return { status: 'completed', result: event.data['result'] ?? null };
    case 'lifecycle.failed':
      return { status: 'failed', error: event.data['error'] ?? null };
    case 'lifecycle.cancelled':
      return { status: 'cancelled' };
    default:
      return undefined;
  }
}
