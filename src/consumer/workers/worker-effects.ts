import type { EventStore } from '../../event-store/index.js';
import { EffectBudget, type EffectLimits } from '../delivery/effect-budget.js';
import { type Effect, publishSentEffect, startEffect } from '../delivery/effects.js';
import type { StartRun } from '../handler/handler.js';

/** What a worker wants to be written together with the acknowledgement of an event. */
export interface AskedEffects {
  /** Each event as clients send it. */
  publish: readonly { runId: string; event: unknown }[];
  startRuns: readonly StartRun[];
}

/**
 * @param partition that of the event which was handled
 * @throws RunstreamError for what is wrong by itself; Error with a sentence for what can't be done from here
 */
export function effectsOf(
  store: EventStore,
  { publish, startRuns }: AskedEffects,
  partition: number,
  limits: EffectLimits,
): Effect[] {
  const budget = new EffectBudget(limits);
  const effects = [
    ...publish.map(({ runId, event }, i) =>
      publishSentEffect(store, runId, event, `publish[${i}]`, partition),
    ),
    ...startRuns.map((run) => startEffect(store, run, undefined, partition)),
  ];
  for (const effect of effects) budget.take(effect);
  return effects;
}
