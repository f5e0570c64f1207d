import type { RedisOptions } from '../../../src/redis/index.js';

/** What an instance of the service under test is told, as its argument in JSON. */
export interface AppConfig {
  /** Unlike that of any other instance. */
  name: string;
  /** How it reaches Redis. */
  redis: RedisOptions;
  port: number;
  /** Where the executor writes down what it was promised. */
  ackFile: string;
  /** Of handlers and of the executor. */
  leaseMs: number;
  /** Default: that of the service. */
  commandTimeoutMs?: number;
  /** Default: that of the service. */
  heartbeatMs?: number;
  /** How long watchers are asked to wait. Default: that of the service. */
  retryMs?: number;
}

/** Runs that produce inside. */
export const EXECUTOR = 'steady';

/** The groups, all of which handle every numbered event. */
export const GROUPS = [
  { name: 'shared', ordered: false },
  { name: 'ordered', ordered: true },
  /** Its effects have idempotency keys that follow from the producers' keys. */
  { name: 'keyed', ordered: false },
] as const;

/** Types of what the kit appends: an event with a number, what a handler publishes for it, and the words to an executor. */
export const NUMBERED = 'log.stdout';
export const EFFECT = 'task.completed';
export const STOP_EMITTING = 'gate.requested';
export const END_RUN = 'gate.approved';

/** The content of a numbered event: the n-th of one producer. */
export interface NumberedData {
  by: string;
  n: number;
  text: string;
}

/** The content of an effect: whose it is, and which event it was made for. */
export interface EffectData {
  group: string;
  for: string;
}

/** A line of the file of acknowledgements: `emit` has resolved with an id. Times are ms since the epoch. */
export interface InsideAck {
  runId: string;
  id: string;
  by: string;
  n: number;
  at: number;
}
