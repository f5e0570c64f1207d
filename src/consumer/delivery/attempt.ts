import type { EventStore, JournalEntry } from '../../event-store/index.js';
import type { EventToAppend, TraceContext, UntypedEvent } from '../../events/index.js';
import { activeTrace, type WorkSpan } from '../../tracing/index.js';
import { EffectBudget } from './effect-budget.js';
import { type Effect, publishEffect, startEffect } from './effects.js';
import type { GroupSource } from '../group/group-source.js';
import type { HandlerContext, StartRun } from '../handler/handler.js';
import type { Begun, Lease } from './lease.js';

/** An attempt at an entry: what its handler gets to see, and what it asked for. */
export class Attempt implements HandlerContext, Lease {
  readonly effects: Effect[] = [];
  /** That of its event: what is written outside of any span belongs to it. */
  trace: TraceContext | undefined;
  /** Of its handler; undefined where nothing is traced. */
  span: WorkSpan | undefined;
  /** By `performance.now()`. */
  readonly beganAt = performance.now();
  /** Made when somebody asks for it: one for every event would cost more than the rest of an attempt. */
  private stop: AbortController | undefined;
  private aborted: Error | undefined;
  private closed = false;
  private budget: EffectBudget | undefined;

  constructor(
    readonly source: GroupSource,
    readonly entry: JournalEntry,
    private readonly begun: Begun,
    readonly group: string,
    private readonly store: EventStore,
  ) {}

  get attempt(): number {
    return this.begun.attempt;
  }

  get token(): number {
    return this.begun.token;
  }

  get epoch(): string {
    return this.begun.epoch;
  }

  get fence(): string {
    return this.begun.fence;
  }

  get tenantId(): string {
    return this.source.tenantId;
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

  publish(runId: string, event: EventToAppend): void {
    this.publishUntyped(runId, event);
  }

  publishUntyped(runId: string, event: UntypedEvent): void {
    this.assertOpen();
    this.add(
      publishEffect(this.store, runId, event, activeTrace() ?? this.trace, this.source.partitionNumber),
    );
  }

  startRun(run: StartRun): string {
    this.assertOpen();
    const effect = startEffect(this.store, run, activeTrace() ?? this.trace, this.source.partitionNumber);
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
    const lost = await this.source.beat([this]);
    if (lost.length > 0) this.abort(new Error('The lease was lost: another process has this event.'));
  }

  /** Nobody is told whose handler has come to its end: a renewal that was sent beside its settlement finds nothing. */
  abort(reason: Error): void {
    if (this.closed) return;
    this.aborted ??= reason;
    this.stop?.abort(reason);
  }

  /** From here on effects would come too late. */
  close(): void {
    this.closed = true;
  }

  private add(effect: Effect): void {
    this.budget ??= new EffectBudget(this.source.effectLimits);
    this.budget.take(effect);
    this.effects.push(effect);
  }

  private assertOpen(): void {
    if (this.closed)
      throw new Error('The event was settled already: publish and start runs before handle() returns.');
  }
}
