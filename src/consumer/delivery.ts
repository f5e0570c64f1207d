import { randomBytes } from 'node:crypto';
import type { JournalEntry } from '../event-store/index.js';
import type { EventStore } from '../event-store/index.js';
import type { EventInput } from '../events/index.js';
import { EffectBudget } from './effect-budget.js';
import { type Effect, publishEffect, startEffect } from './effects.js';
import type { GroupSource } from './group-source.js';
import type { HandlerContext, StartRun } from './handler.js';
import type { Holding, Lease } from './lease.js';

/** An entry that was read, on its way to an outcome. */
export interface Delivery extends Holding {
  source: GroupSource;
  /** When it is to be tried again, in ms of this process's clock; absent when at once. */
  dueAt?: number | undefined;
  /** canHandle() gave no answer for it: it is begun, and that is its failure unless there is an answer then. */
  isUnsure?: boolean;
  /** Part of a recovery, which waits for its outcome. */
  onSettled?: (how: 'processed' | 'skipped' | 'failed') => void;
}

/** What a Deliverer tells. */
export interface DelivererHooks {
  /** So many bytes more are in hand, or fewer. */
  onHeld(bytes: number): void;
  /** There may be room for more. */
  onRoom(): void;
  /** An entry that any process may take up waits for so many milliseconds. */
  onRetry(source: GroupSource, ms: number): void;
  /** An ordered source turns out to have another owner, or to be replayed. */
  onOwnershipLost(source: GroupSource): void;
}

const PROCESS = randomBytes(4).toString('hex');
let holdings = 0;

export function newDelivery(source: GroupSource, entry: JournalEntry): Delivery {
  return { source, entry, holding: `${PROCESS}${(holdings++).toString(36)}` };
}

/** An attempt at an entry: what its handler gets to see, and what it asked for. */
export class Attempt implements HandlerContext, Lease {
  readonly effects: Effect[] = [];
  /** Made when somebody asks for it: one for every event would cost more than the rest of an attempt. */
  private stop: AbortController | undefined;
  private aborted: Error | undefined;
  private closed = false;
  private budget: EffectBudget | undefined;

  constructor(
    readonly delivery: Delivery,
    readonly attempt: number,
    readonly token: number,
    readonly epoch: string,
    readonly fence: string,
    readonly group: string,
    private readonly store: EventStore,
  ) {}

  get tenantId(): string {
    return this.delivery.source.tenantId;
  }

  get fencingToken(): number {
    return this.token;
  }

  get idempotencyKey(): string {
    const { id, key } = this.entry.event;
    return key === undefined ? id : (JSON.parse(key) as string);
  }

  get signal(): AbortSignal {
    if (!this.stop) {
      this.stop = new AbortController();
      if (this.aborted) this.stop.abort(this.aborted);
    }
    return this.stop.signal;
  }

  get entry(): JournalEntry {
    return this.delivery.entry;
  }

  publish(runId: string, event: EventInput): void {
    this.assertOpen();
    this.add(publishEffect(this.store, runId, event));
  }

  startRun(run: StartRun): string {
    this.assertOpen();
    const effect = startEffect(this.store, run);
    this.add(effect);
    return effect.runId;
  }

  extend(): Promise<void> {
    const extended = this.renew();
    // A handler that does not await it must not end the process when Redis is away.
    extended.catch(() => undefined);
    return extended;
  }

  private async renew(): Promise<void> {
    const lost = await this.delivery.source.beat([this]);
    if (lost.length > 0) this.abort(new Error('The lease was lost: another process has this event.'));
  }

  abort(reason: Error): void {
    this.aborted ??= reason;
    this.stop?.abort(reason);
  }

  /** From here on effects would come too late. */
  close(): void {
    this.closed = true;
  }

  private add(effect: Effect): void {
    this.budget ??= new EffectBudget(this.delivery.source.effectLimits);
    this.budget.take(effect);
    this.effects.push(effect);
  }

  private assertOpen(): void {
    if (this.closed)
      throw new Error('The event was settled already: publish and start runs before handle() returns.');
  }
}

/** Deliveries by where they come from. */
export function bySource(deliveries: readonly Delivery[]): Map<GroupSource, Delivery[]> {
  const groups = new Map<GroupSource, Delivery[]>();
  for (const delivery of deliveries) {
    const group = groups.get(delivery.source);
    if (group) group.push(delivery);
    else groups.set(delivery.source, [delivery]);
  }
  return groups;
}
