import type { EventStore } from '../event-store/index.js';
import { effectArgs } from './effects.js';
import { epochMarker, type Holding, marker, type Outcome, type Settlement } from './lease.js';

/** What settle.lua answers: which of the plain successes were lost, counted from 1; then the rest in order. */
export type SettleReply = [lost: number[], ...others: Settlement[]];

/** Entries, as begin.lua takes them. */
export function beginArgs(held: readonly Holding[]): string[] {
  const args: string[] = [];
  for (const { entry, holding } of held) args.push(entry.id, marker(entry), holding);
  return args;
}

/** Outcomes, as settle.lua takes them: plain successes first, in a short form. */
export function settleArgs(store: EventStore, outcomes: readonly Outcome[]): (string | number)[] {
  const args: (string | number)[] = [0];
  let plain = 0;
  for (const outcome of outcomes) {
    if (!isPlain(outcome)) continue;
    plain++;
    args.push(outcome.entry.id, outcome.token, epochMarker(outcome));
  }
  args[0] = plain;
  for (const outcome of outcomes) {
    if (isPlain(outcome)) continue;
    const { entry, token, kind, delayMs, error, effects } = outcome;
    args.push(entry.id, token, epochMarker(outcome), kind, delayMs, error, ...effectArgs(store, effects));
  }
  return args;
}

/** In the order of the outcomes. */
export function readSettlements(outcomes: readonly Outcome[], [lost, ...others]: SettleReply): Settlement[] {
  const lostOnes = new Set(lost);
  let plain = 0;
  let other = 0;
  return outcomes.map((outcome) => {
    if (!isPlain(outcome)) return others[other++] ?? 'lost';
    return lostOnes.has(++plain) ? 'lost' : 'ok';
  });
}

function isPlain({ kind, effects }: Outcome): boolean {
  return kind === 'ok' && effects.length === 0;
}
