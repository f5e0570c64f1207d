import type { ConsumerOptions } from '../consumer-options.js';
import { type Effect, effectsWeight } from './effects.js';

/** How much one handled event may write through its context. */
export interface EffectLimits {
  /** Most events: those that are published, and one for each run that is started. */
  events: number;
  /** Most bytes of them together. */
  bytes: number;
}

export const DEFAULT_EFFECT_LIMITS: Readonly<EffectLimits> = { events: 1000, bytes: 8 * 1024 * 1024 };

const MAX_EFFECTS = 10_000;
const MAX_EFFECT_BYTES = 64 * 1024 * 1024;

/** @throws Error that says how to mend it */
export function readEffectLimits({ maxEffects, maxEffectBytes }: ConsumerOptions): EffectLimits {
  return {
    events: readLimit('maxEffects', maxEffects, DEFAULT_EFFECT_LIMITS.events, MAX_EFFECTS),
    bytes: readLimit('maxEffectBytes', maxEffectBytes, DEFAULT_EFFECT_LIMITS.bytes, MAX_EFFECT_BYTES),
  };
}

/** @throws Error that says how to mend it */
export function readLimit(name: string, value: unknown, otherwise: number, most: number): number {
  if (value === undefined) return otherwise;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new Error(`ConsumerModule: ${name} must be a whole number from 1 to ${most}.`);
}

/** What is left to one attempt: all of it is written in one step of Redis, which serves nobody else meanwhile. */
export class EffectBudget {
  private events = 0;
  private bytes = 0;

  constructor(private readonly limits: EffectLimits) {}

  /** @throws Error that says what to do */
  take(effect: Effect): void {
    const { events, bytes } = effectsWeight([effect]);
    if (this.events + events > this.limits.events) {
      throw new Error(
        `The handling of one event may write at most ${this.limits.events} events (publish and startRun). ` +
          'Write the rest from the handling of other events, with EventStore.append, or raise maxEffects.',
      );
    }
    if (this.bytes + bytes > this.limits.bytes) {
      throw new Error(
        `The handling of one event may write at most ${this.limits.bytes} bytes (publish and startRun). ` +
          'Store large data elsewhere and publish a reference, or raise maxEffectBytes.',
      );
    }
    this.events += events;
    this.bytes += bytes;
  }
}
