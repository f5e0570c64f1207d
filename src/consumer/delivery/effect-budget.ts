import { CONSUMER_DEFAULTS, type ConsumerOptions } from '../consumer-options.js';
import { type Effect, effectsWeight } from './effects.js';

/** How much one handled event may write through its context. */
export interface EffectLimits {
  /** Most events: those that are published, and one for each run that is started. */
  events: number;
  /** Most bytes of them together. */
  bytes: number;
}

export const DEFAULT_EFFECT_LIMITS = readEffectLimits(CONSUMER_DEFAULTS);

export function readEffectLimits({
  maxEffects: events = CONSUMER_DEFAULTS.maxEffects,
  maxEffectBytes: bytes = CONSUMER_DEFAULTS.maxEffectBytes,
}: ConsumerOptions): Readonly<EffectLimits> {
  return { events, bytes };
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
