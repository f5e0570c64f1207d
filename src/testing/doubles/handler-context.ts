import type { HandlerContext, StartRun } from '../../consumer/index.js';
import { type EventToAppend, prepareRun, toEventInput, type UntypedEvent } from '../../events/index.js';
import { checkedEvent } from './checked-event.js';

/** What a handler is told. All has defaults. @publicApi */
export interface HandlerContextOptions {
  /** Default `test`. */
  tenantId?: string;
  /** Default `test`. */
  group?: string;
  /** Default 1. */
  attempt?: number;
  /** Default 1. */
  fencingToken?: number;
  /** Default `1-1`, as the id of an event without a key. */
  idempotencyKey?: string;
}

/**
 * A HandlerContext for unit tests, without Redis. It writes down what a handler asks for, and makes the checks that an
 * event and a run have to pass anywhere; whether a type is registered it does not know.
 *
 * @publicApi
 */
export class TestHandlerContext implements HandlerContext {
  readonly tenantId: string;
  readonly group: string;
  readonly attempt: number;
  readonly fencingToken: number;
  readonly idempotencyKey: string;
  /** What the handler published, in order, and to which run. */
  readonly published: (UntypedEvent & { runId: string })[] = [];
  /** The runs that it started, with the ids it was given. */
  readonly started: (StartRun & { id: string })[] = [];
  /** How often it extended its lease. */
  extended = 0;
  private readonly aborting = new AbortController();

  constructor(options: HandlerContextOptions = {}) {
    this.tenantId = options.tenantId ?? 'test';
    this.group = options.group ?? 'test';
    this.attempt = options.attempt ?? 1;
    this.fencingToken = options.fencingToken ?? 1;
    this.idempotencyKey = options.idempotencyKey ?? '1-1';
  }

  get signal(): AbortSignal {
    return this.aborting.signal;
  }

  publish(runId: string, event: EventToAppend): void {
    this.publishUntyped(runId, event);
  }

  publishUntyped(runId: string, event: UntypedEvent): void {
    this.published.push({ runId, ...checkedEvent(event, toEventInput(event)) });
  }

  startRun(run: StartRun): string {
    prepareRun(run);
    const id = `r0_started_${this.started.length + 1}`;
    this.started.push({ ...run, id });
    return id;
  }

  extend(): Promise<void> {
    this.extended++;
    return Promise.resolve();
  }

  /** Tells the handler to stop, as a lost lease, its time limit or a shutdown does. */
  abort(reason: unknown = new Error('The lease was lost: another process has this event.')): void {
    this.aborting.abort(reason);
  }
}

/**
 * A HandlerContext for a unit test.
 *
 * ```ts
 * const context = createHandlerContext({ attempt: 2 });
 * await new BillRun(invoices).handle(createEvent({ type: 'lifecycle.completed' }), context);
 * expect(context.published).toMatchObject([{ type: 'billing.billed', data: { invoice: 42 } }]);
 * ```
 *
 * @publicApi
 */
export function createHandlerContext(options?: HandlerContextOptions): TestHandlerContext {
  return new TestHandlerContext(options);
}
