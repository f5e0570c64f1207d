import type { DispatchEntry } from '../../event-store/index.js';

/** A run in the hand of a worker. */
export interface ClaimedRun {
  entry: DispatchEntry;
  /** What the worker is called among the consumers. */
  consumer: string;
  fence: number;
  /** What the worker shows with every call. */
  token: string;
  leaseMs: number;
}

const TOKEN = /^([1-9]\d{0,15})\.([0-9a-f-]{36})$/;

/** The fence says which attempt it is, and the name of its taking up, which nobody else knows, that it was given out. */
export function leaseToken(fence: number, taken: string): string {
  return `${fence}.${taken}`;
}

/** Undefined for what was never given out. */
export function readLeaseToken(token: string): { fence: number; taken: string } | undefined {
  const [, fence, taken] = TOKEN.exec(token) ?? [];
  return fence === undefined || taken === undefined ? undefined : { fence: Number(fence), taken };
}
